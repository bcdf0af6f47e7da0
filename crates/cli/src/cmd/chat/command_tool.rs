//! A function that is a command: the arguments go in, the result comes out. No shell is between.

use std::process::Stdio;
use std::sync::Arc;

use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;

use crate::prose::end_of;

/// The model reads what a command writes, and pays for it.
const MAX_OUTPUT: u64 = 256 * 1024;
/// Bytes of standard error that are kept, and how many characters of them are told.
const KEPT: usize = 4 * TOLD;
const TOLD: usize = 500;

/// Runs the command. Dropped, it is killed.
pub(super) async fn run(command: Arc<[String]>, arguments: Value) -> Result<Value, String> {
    let [program, rest @ ..] = &*command else { return Err("there is no command".to_owned()) };
    let mut child = Command::new(program)
        .args(rest)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| format!("{program} cannot be started: {error}"))?;
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let give = async {
        if let Some(mut stdin) = stdin {
            // A command need not read what it does not need.
            let _ = stdin.write_all(format!("{arguments}\n").as_bytes()).await;
        }
        Ok(())
    };
    // All at once: a pipe that nobody reads would stop it.
    let ((), output, complaint) = tokio::try_join!(give, whole(stdout), end(stderr))?;
    let status = child.wait().await.map_err(|error| error.to_string())?;
    if !status.success() {
        let complaint = String::from_utf8_lossy(&complaint);
        let complaint = end_of(complaint.trim(), TOLD);
        let because = if complaint.is_empty() { String::new() } else { format!(": {complaint}") };
        return Err(format!("the command failed ({status}){because}"));
    }
    Ok(result(&String::from_utf8_lossy(&output)))
}

/// JSON is handed on as it is, other text as a string.
fn result(output: &str) -> Value {
    let text = output.strip_suffix('\n').unwrap_or(output);
    let text = text.strip_suffix('\r').unwrap_or(text);
    serde_json::from_str(text).unwrap_or_else(|_| text.into())
}

/// All that a command writes.
async fn whole(from: Option<impl AsyncRead + Unpin>) -> Result<Vec<u8>, String> {
    let mut output = Vec::new();
    if let Some(from) = from {
        let read = from.take(MAX_OUTPUT + 1).read_to_end(&mut output).await;
        read.map_err(|error| error.to_string())?;
    }
    if output.len() as u64 > MAX_OUTPUT {
        return Err(format!("the command wrote more than {} KiB", MAX_OUTPUT / 1024));
    }
    Ok(output)
}

/// The end of what a command writes.
async fn end(from: Option<impl AsyncRead + Unpin>) -> Result<Vec<u8>, String> {
    let mut end = Vec::with_capacity(4 * KEPT);
    if let Some(mut from) = from {
        while from.read_buf(&mut end).await.map_err(|error| error.to_string())? > 0 {
            end.drain(..end.len().saturating_sub(KEPT));
        }
    }
    Ok(end)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn json_is_handed_on_and_other_text_is_a_string() {
        assert_eq!(result("{\"celsius\": 21.5}\n"), json!({"celsius": 21.5}));
        assert_eq!(result("21.5\r\n"), json!(21.5));
        assert_eq!(result("sunny\n\n"), json!("sunny\n"));
        assert_eq!(result(""), json!(""));
    }

    #[tokio::test]
    async fn what_a_command_complains_about_is_kept_to_its_end() {
        let long = "x".repeat(100_000) + "the end";
        let kept = end(Some(long.as_bytes())).await.expect("memory can be read");
        assert!(kept.len() == KEPT && kept.ends_with(b"the end"), "{}", kept.len());
    }

    #[tokio::test]
    async fn a_command_that_writes_without_end_is_stopped() {
        let endless = whole(Some(tokio::io::repeat(b'y'))).await;
        assert_eq!(endless, Err("the command wrote more than 256 KiB".to_owned()));
    }
}
