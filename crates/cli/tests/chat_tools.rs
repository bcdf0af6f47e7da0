//! `chat --tool-file`: functions that are commands.

mod support;

use std::path::Path;

use serde_json::{Value, json};
use support::{Run, folder, run, text};

/// A file of tools.
fn write(folder: &Path, tools: &Value) {
    std::fs::write(folder.join("tools.json"), tools.to_string()).expect("the folder can be written");
}

/// Chats with these tools; the local server calls those that are named.
fn chat(folder: &Path, tools: &Value, arguments: &[&str]) -> Run {
    write(folder, tools);
    run(folder, &[&["chat", "--tool-file", "tools.json", "--modality", "text"], arguments].concat())
}

/// What was told behind the line that says who answers.
fn told(run: &Run) -> Vec<&str> {
    run.stderr.lines().skip(1).map(|line| line.strip_prefix("vivavoce: ").expect("the name of the program")).collect()
}

const ME: &str = env!("CARGO_BIN_EXE_vivavoce");

#[test]
fn text_that_is_no_json_comes_as_a_string() {
    let tools = json!([{"name": "version", "command": [ME, "--version"]}]);
    let run = chat(&folder("tools-text"), &tools, &["--text", "Which version?"]).exits(0);
    let answer = format!("version returned: \"vivavoce {}\"\n", env!("CARGO_PKG_VERSION"));
    assert!(run.stdout.starts_with("user: Which version?\nassistant: I am") && run.stdout.ends_with(&answer));
    assert_eq!(told(&run), ["calling version({})"]);
}

#[test]
fn a_command_that_fails_or_is_not_there_is_said_and_the_assistant_hears_why() {
    let tools = json!([
        {"name": "sing", "command": [ME, "sing"]},
        {"name": "dance", "command": ["./no-such-program"]},
    ]);
    let run = chat(&folder("tools-failing"), &tools, &["--text", "Sing, and dance"]).exits(0);
    let told = told(&run);
    let about = |what: &str| told.iter().copied().find(|line| line.starts_with(what)).unwrap_or_default();
    let sing = about("sing failed: the command failed (exit ");
    assert!(sing.contains("2): ") && sing.contains("unrecognized subcommand 'sing'"), "{told:?}");
    assert!(about("dance failed: ").contains("./no-such-program cannot be started: "), "{told:?}");
    assert!(run.stdout.contains("sing returned: {\"error\":\"the command failed (exit "), "{}", run.stdout);
    assert!(run.stdout.contains("dance returned: {\"error\":\"./no-such-program cannot"), "{}", run.stdout);
}

#[test]
fn calls_and_their_outputs_are_items_and_nothing_is_told_in_prose() {
    let tools = json!([{"name": "version", "command": [ME, "--version"]}]);
    let run = chat(&folder("tools-json"), &tools, &["--text", "Which version?", "--json"]).exits(0);
    let items = run.json_lines();
    let kinds: Vec<_> = items.iter().map(|item| text(item, "/type")).collect();
    assert_eq!(kinds, ["message", "function_call", "function_call_output", "message"]);
    assert!(told(&run).is_empty(), "{}", run.stderr);
}

#[test]
fn a_file_that_cannot_be_used_is_said_in_one_line() {
    let folder = folder("tools-bad");
    let command = json!(["date"]);
    for (file, said) in [
        ("[{\"name\": ".to_owned(), &["cannot read tools.json: ", "line 1"][..]),
        (json!({"name": "clock", "command": command}).to_string(), &["cannot read tools.json: ", "array"]),
        (json!([{"name": "clock"}]).to_string(), &["tool \"clock\" of tools.json: ", "`command`"]),
        (json!([{"command": command}]).to_string(), &["tool 1 of tools.json: ", "`name`"]),
        (json!([{"name": "", "command": command}]).to_string(), &["tool 1 of tools.json: ", "name is empty"]),
        (json!([{"name": "clock", "command": []}]).to_string(), &["tool \"clock\" of ", "no program"]),
        (json!([{"name": "clock", "command": "date"}]).to_string(), &["tool \"clock\" of ", "a sequence"]),
        (json!([{"name": "clock", "command": command, "comand": 1}]).to_string(), &["\"clock\" of ", "`comand`"]),
        (json!([{"name": "clock", "command": command, "parameters": 1}]).to_string(), &["\"clock\" of ", "schema"]),
        (json!([{"name": "clock", "command": command, "timeout": 0}]).to_string(), &["\"clock\" of ", "timeout"]),
        (
            json!([{"name": "clock", "command": command}, {"name": "clock", "command": command}]).to_string(),
            &["tool \"clock\" of tools.json: ", "already"],
        ),
    ] {
        std::fs::write(folder.join("tools.json"), &file).expect("the folder can be written");
        let run = run(&folder, &["chat", "--tool-file", "tools.json", "--text", "Hello"]).exits(1);
        assert!(run.stdout.is_empty() && run.stderr.lines().count() == 1, "{file}: {}", run.stderr);
        assert!(said.iter().all(|said| run.stderr.contains(said)), "{file}: {}", run.stderr);
    }
    let missing = run(&folder, &["chat", "--tool-file", "none.json", "--text", "Hello"]).exits(1);
    assert!(missing.stdout.is_empty() && missing.stderr.contains("none.json"), "{}", missing.stderr);
}

/// Commands that only a Unix has.
#[cfg(unix)]
mod unix {
    use std::fs::File;
    use std::io::{Read, Write};
    use std::path::PathBuf;
    use std::process::{Command, Stdio};

    use super::*;
    use support::{Server, finish, read_until, vivavoce};
    use vivavoce_server::BuiltIn;

    #[test]
    fn a_command_gets_the_arguments_and_json_of_its_is_handed_on() {
        let parameters = json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]});
        let weather = json!({
            "name": "get_weather",
            "description": "Tells the weather in a city.",
            "parameters": parameters,
            "command": ["sh", "-c", "read -r asked; echo \"{\\\"asked\\\": $asked, \\\"celsius\\\": 21.5}\"; echo aside >&2"],
        });
        let folder = folder("tools-json-output");
        let run = chat(&folder, &json!([weather]), &["--text", "The weather, please: get weather"]).exits(0);
        let answer = "get_weather returned: {\"asked\":{\"city\":\"text\"},\"celsius\":21.5}\n";
        assert!(run.stdout.ends_with(answer), "{}", run.stdout);
        assert_eq!(told(&run), ["calling get_weather({\"city\":\"text\"})"]);
    }

    #[test]
    fn several_commands_run_and_the_assistant_goes_on_once() {
        let tools = json!([
            {"name": "clock", "command": ["echo", "noon"]},
            {"name": "mirror", "command": ["cat"]},
            {"name": "silent", "command": ["true"]},
        ]);
        let folder = folder("tools-several");
        let run = chat(&folder, &tools, &["--text", "clock, mirror, silent", "--stats"]).exits(0);
        for output in ["clock returned: \"noon\"", "mirror returned: {}", "silent returned: \"\""] {
            assert!(run.stdout.contains(output), "{}", run.stdout);
        }
        assert!(run.stderr.contains("usage: 2 responses"), "{}", run.stderr);
    }

    #[test]
    fn a_command_that_takes_too_long_fails() {
        let tools = json!([{"name": "wait", "command": ["sleep", "600"], "timeout": 1}]);
        let run = chat(&folder("tools-slow"), &tools, &["--text", "wait"]).exits(0);
        assert_eq!(told(&run), ["calling wait({})", "wait failed: the tool did not answer within 1s"]);
        assert!(run.stdout.contains("wait returned: {\"error\":"), "{}", run.stdout);
    }

    #[test]
    fn a_command_may_take_longer_than_the_service() {
        let tools = json!([{"name": "wait", "command": ["sleep", "1.5"]}]);
        let run = chat(&folder("tools-patience"), &tools, &["--text", "wait", "--timeout", "1"]).exits(0);
        assert!(run.stdout.ends_with("wait returned: \"\"\n"), "{}", run.stdout);
    }

    /// A folder with a tool that runs for ever, and a pipe in it that ends with the tool.
    fn folder_of_one_that_waits(name: &str) -> (PathBuf, PathBuf) {
        let folder = folder(name);
        let running = folder.join("running");
        let made = Command::new("mkfifo").arg(&running).status().expect("mkfifo is there");
        assert!(made.success());
        write(&folder, &json!([{"name": "wait", "command": ["sh", "-c", "exec sleep 600 > running"]}]));
        (folder, running)
    }

    #[test]
    fn enter_stops_a_command_and_the_conversation_goes_on() {
        let (folder, running) = folder_of_one_that_waits("tools-interrupted");
        let arguments = ["chat", "--tool-file", "tools.json", "--modality", "text"];
        let mut chat = vivavoce(&folder, &arguments).stdin(Stdio::piped()).spawn().expect("the binary starts");
        let mut input = chat.stdin.take().expect("it is piped");
        let mut output = chat.stdout.take().expect("it is piped");
        let mut aside = chat.stderr.take().expect("it is piped");
        input.write_all(b"wait\n").expect("the binary reads its input");
        read_until(&mut aside, "calling wait({})\n");
        // Opens when the command has opened it, too.
        let mut running = File::open(running).expect("it was made");
        input.write_all(b"\n").expect("the binary reads its input");
        running.read_to_end(&mut Vec::new()).expect("it can be read");
        input.write_all(b"And now?\n").expect("the binary reads its input");
        read_until(&mut output, "user: And now?\nassistant: I am the local vivavoce server. I read: And now?\n");
        drop(input);
        finish(chat).exits(0);
        let mut told = String::new();
        aside.read_to_string(&mut told).expect("it is text");
        assert_eq!(told, "vivavoce: wait failed: the user interrupted: the call was cancelled\n");
    }

    #[test]
    fn a_connection_that_is_lost_while_a_command_runs_ends_both() {
        let mut server = Server::start(BuiltIn::default());
        let (folder, running) = folder_of_one_that_waits("tools-lost");
        let arguments = ["chat", "--url", &server.url(), "--tool-file", "tools.json", "--text", "wait"];
        let mut chat = vivavoce(&folder, &arguments).spawn().expect("the binary starts");
        let mut aside = chat.stderr.take().expect("it is piped");
        let mut running = File::open(running).expect("it was made");
        server.stop();
        finish(chat).exits(1);
        running.read_to_end(&mut Vec::new()).expect("it can be read");
        let mut told = String::new();
        aside.read_to_string(&mut told).expect("it is text");
        assert!(told.contains("wait failed: the connection ended") && told.contains("connect again"), "{told}");
    }
}
