//! What the application wants goes out as it was asked.

use crate::common::{client, hear_all, soon, websocket};

#[tokio::test(flavor = "multi_thread")]
async fn commands_of_many_threads_leave_in_the_order_of_each() {
    const THREADS: usize = 4;
    const EACH: usize = 250;
    let server = websocket(async |mut socket| hear_all(&mut socket).await.0).await;
    let client = client(&server.url);
    client.connect().await.unwrap();
    let threads: Vec<_> = (0..THREADS)
        .map(|thread| {
            let client = client.clone();
            std::thread::spawn(move || {
                for number in 0..EACH {
                    client.send_user_message(format!("{thread} {number}")).unwrap();
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    soon(client.disconnect()).await;
    let mut next = [0; THREADS];
    let mut ids = std::collections::HashSet::new();
    for event in server.finish().await {
        assert!(ids.insert(event["event_id"].as_str().unwrap().to_owned()), "an id is used once");
        if let Some(text) = event["item"]["content"][0]["text"].as_str() {
            let (thread, number) = text.split_once(' ').unwrap();
            let (thread, number): (usize, usize) = (thread.parse().unwrap(), number.parse().unwrap());
            assert_eq!(number, next[thread], "thread {thread}");
            next[thread] += 1;
        }
    }
    assert_eq!(next, [EACH; THREADS]);
}
