//! `chat` and what the machine around it offers: roots to trust, programs that speak.

mod support;

use std::path::Path;
use std::sync::Arc;

use support::{finish, folder, stereo_wav, text, vivavoce, voice};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use vivavoce_audio::read_wav;
use vivavoce_server::LocalServer;

/// A local server behind TLS; its certificate is for `localhost`, and in `certificate.pem` of the folder.
async fn secure_server(folder: &Path) -> (LocalServer, String) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate is made");
    std::fs::write(folder.join("certificate.pem"), made.cert.pem()).expect("the folder can be written");
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).expect("the key is one");
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .expect("key and certificate belong together");
    let acceptor = TlsAcceptor::from(Arc::new(config));

    let server = LocalServer::start().await.expect("a port is free");
    let behind = server.addr();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let port = listener.local_addr().expect("it is bound").port();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                // A client that does not trust us leaves in the middle of the handshake.
                let Ok(mut secure) = acceptor.accept(socket).await else { return };
                let mut plain = TcpStream::connect(behind).await.expect("the server is there");
                let _ = tokio::io::copy_bidirectional(&mut secure, &mut plain).await;
            });
        }
    });
    (server, format!("wss://localhost:{port}/v1/realtime"))
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
