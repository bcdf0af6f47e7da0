//! `chat` and what the machine around it offers: roots to trust, programs that speak.

mod support;

use std::path::Path;

use support::{finish, folder, stereo_wav, text, vivavoce, voice};
use vivavoce_audio::read_wav;
use vivavoce_server::{LocalServer, Tls};

/// A local server behind TLS; the authority that signed its certificate is in `certificate.pem` of the folder.
async fn secure_server(folder: &Path) -> (LocalServer, String) {
    let (tls, authority) = Tls::self_signed(&["localhost"]).expect("a certificate is made");
    std::fs::write(folder.join("certificate.pem"), authority).expect("the folder can be written");
    let server = LocalServer::builder().tls(tls).start().await.expect("a port is free");
    let url = format!("wss://localhost:{}/v1/realtime", server.addr().port());
    (server, url)
}

#[test]
fn a_server_whose_certificate_the_machine_trusts_is_talked_to_and_another_is_not() {
    let folder = folder("environment-tls");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.expect("a runtime starts");
    let (server, url) = runtime.block_on(secure_server(&folder));
    let arguments = ["chat", "--url", &url, "--text", "Hello", "--json"];

    // OpenSSL's variable for the platform's roots, which rustls-native-certs honours.
    let trusting = vivavoce(&folder, &arguments).env("SSL_CERT_FILE", "certificate.pem").spawn();
    let run = finish(trusting.expect("the binary starts")).exits(0);
    assert_eq!(text(&run.json_lines()[1], "/role"), "assistant");

    let distrusting = vivavoce(&folder, &arguments).env_remove("SSL_CERT_FILE").env_remove("SSL_CERT_DIR").spawn();
    let run = finish(distrusting.expect("the binary starts")).exits(1);
    assert!(run.stderr.contains("no secure connection") && run.stderr.contains("certificate"), "{}", run.stderr);

    let _runtime = runtime.enter();
    drop(server);
}

/// Makes a program of this name that says what is in `voice.wav` of the folder.
#[cfg(unix)]
fn install(folder: &Path, name: &str) -> String {
    use std::os::unix::fs::PermissionsExt;
    let script = format!("#!/bin/sh\ncat '{}'\n", folder.join("voice.wav").display());
    let program = folder.join(name);
    std::fs::write(&program, script).expect("the folder can be written");
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).expect("it is ours");
    format!("{}:/usr/bin:/bin", folder.display())
}

#[cfg(unix)]
#[test]
fn a_speech_program_that_is_installed_is_the_voice_of_the_local_server() {
    for name in ["espeak-ng", "flite"] {
        let folder = folder(&format!("environment-{name}"));
        stereo_wav(&folder.join("voice.wav"));
        let path = install(&folder, name);
        let chat = vivavoce(&folder, &["chat", "--text", "Hello", "--out", "answer.wav"]).env("PATH", path).spawn();
        finish(chat.expect("the binary starts")).exits(0);
        let answer = std::fs::read(folder.join("answer.wav")).expect("the answer is written");
        let answer = read_wav(&answer).expect("it is a WAV file").samples;
        // The file went through 44.1 kHz and back.
        let difference = answer.len().abs_diff(voice().len());
        // flite is asked only where espeak-ng is not installed.
        let overruled = name == "flite" && Path::new("/usr/bin/espeak-ng").exists();
        assert!(overruled || difference <= 2, "{name}: {} and {} samples", answer.len(), voice().len());
    }
}
