//! `serve`: the server as a process.

mod support;

use std::io::{BufRead, BufReader};
use std::process::Child;

use support::{finish, folder, run, vivavoce};

/// Starts `serve` on a free port; says its URL too.
fn serve(name: &str, arguments: &[&str]) -> (Child, String) {
    let folder = folder(name);
    let mut child = vivavoce(&folder, &[&["serve", "--port", "0"], arguments].concat()).spawn().expect("it starts");
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().expect("it is piped")).read_line(&mut line).expect("it says where it listens");
    let url = line.trim_end().strip_prefix("listening on ").unwrap_or_else(|| panic!("{line:?}")).to_owned();
    (child, url)
}

#[cfg(unix)]
fn signal(child: &Child, name: &str) {
    let sent = std::process::Command::new("kill").args([name, &child.id().to_string()]).status();
    assert!(sent.expect("kill runs").success());
}

#[cfg(unix)]
#[test]
fn it_says_where_it_listens_and_serves_until_it_is_told_to_stop() {
    for name in ["-INT", "-TERM"] {
        let (child, url) = serve("serve-until-stopped", &[]);
        assert!(url.starts_with("ws://127.0.0.1:") && url.ends_with("/v1/realtime"), "{url}");
        let talk = run(&folder("serve-talks"), &["chat", "--url", &url, "--text", "Hi", "--modality", "text"]).exits(0);
        assert!(talk.stdout.contains("I am the local vivavoce server."), "{}", talk.stdout);
        signal(&child, name);
        finish(child).exits(0);
    }
}
