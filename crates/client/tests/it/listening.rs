//! Who listens hears everything, in order, and disturbs nobody.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::StreamExt;
use tokio::sync::mpsc::unbounded_channel;
use vivavoce::{Error, Event, Listener, RealtimeClient, Source};

use crate::common::{Far, PATIENCE, disconnected, item_added, played, soon, unknown, until};

async fn connected(client: &RealtimeClient) -> Far {
    let (near, mut far) = played();
    client.connect_over(near).unwrap();
    far.hear().await;
    far
}

fn client() -> RealtimeClient {
    RealtimeClient::builder().build().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn closures_streams_and_wire_names_hear_the_same_in_the_same_order() {
    const COUNT: usize = 300;
    let client = client();
    let (tell, mut told) = unbounded_channel();
    let ids = [tell.clone(), tell.clone(), tell].map(|tell| (tell, Arc::new(Mutex::new(Vec::new()))));
    let keep = |(tell, ids): &(tokio::sync::mpsc::UnboundedSender<()>, Arc<Mutex<Vec<String>>>)| {
        let (tell, ids) = (tell.clone(), ids.clone());
        move |id: &str| {
            ids.lock().unwrap().push(id.to_owned());
            tell.send(()).unwrap();
        }
    };
    let (all, appended, named) = (keep(&ids[0]), keep(&ids[1]), keep(&ids[2]));
    let _listeners = [
        client.on_event(move |event| {
            if let Event::ItemAppended(item) = event {
                all(item.id().as_str());
            }
        }),
        client.on_item_appended(move |item| appended(item.id().as_str())),
        client.on("server.conversation.item.added", move |event| {
            assert_eq!(event.source, Source::Server);
            let vivavoce::ServerEvent::ItemAdded(added) = event.decode().unwrap() else { panic!("{event:?}") };
            named(added.item.get().unwrap().id().unwrap().as_str());
        }),
    ];
    let mut stream = client.events();
    let far = connected(&client).await;
    for number in 0..COUNT {
        far.say(&item_added(&format!("item_{number}"), "hello"));
    }
    let mut streamed = Vec::new();
    until(&mut stream, |event| {
        if let Event::ItemAppended(item) = event {
            streamed.push(item.id().to_string());
        }
        (streamed.len() == COUNT).then_some(())
    })
    .await;
    for _ in 0..3 * COUNT {
        soon(told.recv()).await.unwrap();
    }
    assert_eq!(streamed, (0..COUNT).map(|number| format!("item_{number}")).collect::<Vec<_>>());
    for (_, heard) in &ids {
        assert_eq!(*heard.lock().unwrap(), streamed);
    }
}

#[tokio::test]
async fn wire_names_match_exactly_by_side_or_all() {
    let client = client();
    let (tell, mut told) = unbounded_channel();
    for pattern in ["*", "client.*", "server.*", "client.response.create", "server.never.heard.of.1", "server.response"]
    {
        let tell = tell.clone();
        client.on(pattern, move |event| tell.send(format!("{pattern} {}", event.name)).unwrap()).detach();
    }
    drop(tell);
    let mut far = connected(&client).await;
    client.create_response().unwrap();
    far.hear().await;
    far.say(&unknown(1));
    far.say("no JSON");
    // Only when client and connection are gone do detached listeners end.
    drop(client);
    assert_eq!(far.hear().await, "close");
    drop(far);
    let mut heard = Vec::new();
    while let Some(line) = soon(told.recv()).await {
        heard.push(line);
    }
    heard.sort();
    assert_eq!(
        heard,
        [
            "* ",
            "* never.heard.of.1",
            "* response.create",
            "* session.update",
            "client.* response.create",
            "client.* session.update",
            "client.response.create response.create",
            "server.* ",
            "server.* never.heard.of.1",
            "server.never.heard.of.1 never.heard.of.1",
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_listener_hears_nothing_more_even_in_the_middle_of_a_burst() {
    let client = client();
    let calls = Arc::new(AtomicUsize::new(0));
    let own = Arc::new(Mutex::new(None::<Listener>));
    let (count, mine) = (calls.clone(), own.clone());
    let listener = client.on_item_appended(move |_| {
        count.fetch_add(1, Ordering::SeqCst);
        // It lets itself go at the first call.
        drop(mine.lock().unwrap().take());
    });
    *own.lock().unwrap() = Some(listener);
    let mut stream = client.events();
    let far = connected(&client).await;
    for number in 0..100 {
        far.say(&item_added(&format!("item_{number}"), "hello"));
    }
    until(&mut stream, |event| matches!(event, Event::ItemAppended(item) if *item.id() == "item_99").then_some(()))
        .await;
    drop((client, far));
    while soon(stream.next()).await.is_some() {}
    assert_eq!(calls.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_slow_stream_is_told_how_much_it_missed_and_stalls_nobody() {
    let client = RealtimeClient::builder().event_queue(4).build().unwrap();
    let (mut slow, mut slow_wire) = (client.events(), client.realtime_events());
    let far = connected(&client).await;
    for number in 0..100 {
        far.say(&unknown(number));
    }
    let item = client.next_item(PATIENCE);
    far.say(&item_added("item_1", "through"));
    assert_eq!(item.await.unwrap().text(), "through");
    let Some(Event::Lagged(lost)) = slow.next().await else { panic!("it was slow") };
    let mut rest = Vec::new();
    while rest.last().is_none_or(|event| !matches!(event, Event::ItemCompleted(_))) {
        rest.push(slow.next().await.unwrap());
    }
    // 100 unknown; the item appended, updated, completed.
    assert_eq!(lost as usize + rest.len(), 103);
    while &*slow_wire.next().await.unwrap().name != "conversation.item.added" {}
    // The configuration, 100 unknown and the item, of which 4 were kept.
    assert_eq!(slow_wire.lost(), 102 - 4);
}

#[tokio::test]
async fn a_closure_that_panics_disturbs_nothing_else() {
    let client = client();
    let (tell, mut told) = unbounded_channel();
    let again = client.clone();
    let _listeners = [
        client.on_item_appended(move |_| {
            // With the session locked, which is the worst moment.
            let _conversation = again.conversation();
            panic!("a bug of the application (this is expected)");
        }),
        client.on_item_appended(move |item| tell.send(item.id().to_string()).unwrap()),
    ];
    let mut far = connected(&client).await;
    for id in ["item_1", "item_2"] {
        far.say(&item_added(id, "hello"));
        assert_eq!(soon(told.recv()).await.unwrap(), id);
    }
    client.create_response().unwrap();
    assert!(soon(far.hear()).await.contains("response.create"));
    assert_eq!(client.conversation().items().count(), 2);
}

#[tokio::test]
async fn waiting_for_an_item_ends_with_the_item_the_limit_or_the_connection() {
    let client = client();
    let limit = Duration::from_millis(20);
    assert!(matches!(client.next_item(limit).await, Err(Error::Timeout(_))));
    assert!(matches!(client.next_completed_item(limit).await, Err(Error::Timeout(_))));

    let far = connected(&client).await;
    // Both listen from now on, however late they are awaited.
    let (appended, completed) = (client.next_item(PATIENCE), client.next_completed_item(PATIENCE));
    far.say(&item_added("item_1", "hello"));
    for number in 0..5_000 {
        far.say(&unknown(number));
    }
    far.say(&item_added("item_2", "too late"));
    let second = client.next_item(PATIENCE);
    assert_eq!((appended.await.unwrap().text(), completed.await.unwrap().text()), ("hello".into(), "hello".into()));
    assert_eq!(second.await.unwrap().text(), "hello");

    let mut events = client.events();
    until(&mut events, |event| matches!(event, Event::ItemCompleted(item) if *item.id() == "item_2").then_some(()))
        .await;
    let (item, reply) = (client.next_item(PATIENCE), client.next_completed_reply(PATIENCE));
    drop(far);
    disconnected(&mut events).await;
    assert!(matches!(item.await, Err(Error::Closed(close)) if !close.by_us));
    assert!(matches!(reply.await, Err(Error::Closed(_))));

    let orphan = client.next_item(PATIENCE);
    drop(client);
    assert!(matches!(soon(orphan).await, Err(Error::Command(_))));
}
