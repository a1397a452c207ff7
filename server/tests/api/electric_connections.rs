//! The connections to Electric, which closes each after fifty requests, also just when it is used again.

use crate::support::{Line, Person, Stub, TestApp, electric_at, figures, shape_answer, value};
use futures::{StreamExt, stream};

const REQUESTS: usize = 500;

async fn behind(stub: &Stub) -> (TestApp, Person) {
    let app = TestApp::start_with(|settings| settings.electric = Some(electric_at(&stub.url))).await;
    let person = app.sign_in("admin").await;
    (app, person)
}

/// Asks so often, so many at a time; gives the statuses that were not 200.
async fn ask(person: &Person, at_once: usize) -> Vec<u16> {
    let asked = stream::iter(0..REQUESTS).map(|_| async { person.shape("turns", "offset=-1").await.status.as_u16() });
    asked
        .buffer_unordered(at_once)
        .filter(|status| std::future::ready(*status != 200))
        .collect()
        .await
}

#[tokio::test]
async fn connections_are_used_again_and_closed_ones_not_noticed() {
    for at_once in [1, 16] {
        let stub = Stub::start(|asked, line: Line| async move {
            let answer = shape_answer("0_0", "[]");
            if asked.request == 50 {
                line.say_and_hang_up(answer).await
            } else {
                line.say(answer).await
            }
        })
        .await;
        let (_app, admin) = behind(&stub).await;
        assert_eq!(ask(&admin, at_once).await, [] as [u16; 0]);
        let connections = stub.asked().iter().map(|asked| asked.connection).max().unwrap();
        assert!((REQUESTS / 50..REQUESTS / 10).contains(&connections), "{connections} connections");
    }
}

#[tokio::test]
async fn a_connection_that_closes_when_it_is_used_again_is_not_noticed() {
    // Every second request of a connection is read and not answered.
    let stub = Stub::start(|asked, line: Line| async move {
        match asked.request {
            1 => line.say(shape_answer("0_0", "[]")).await,
            _ => None,
        }
    })
    .await;
    let (app, admin) = behind(&stub).await;
    assert_eq!(ask(&admin, 1).await, [] as [u16; 0]);
    let again = value(&figures(&app).await, "turns_electric_asked_again_total").unwrap();
    assert!(again >= (REQUESTS / 3) as f64, "{again} were asked again");
    assert_eq!(value(&figures(&app).await, "turns_electric_up"), Some(1.0));
}

#[tokio::test]
async fn a_question_is_asked_again_once_and_not_for_ever() {
    let stub = Stub::start(|_, _| async { None }).await;
    let (_app, admin) = behind(&stub).await;
    assert_eq!(admin.shape("turns", "offset=-1").await.status, 503);
    assert_eq!(stub.asked().len(), 2);
}

#[tokio::test]
async fn no_more_questions_are_open_than_may_be() {
    let stub = Stub::start(|_, line: Line| async {
        line.hung_up().await;
        None
    })
    .await;
    let app = TestApp::start_with(|settings| {
        let mut electric = electric_at(&stub.url);
        electric.at_once = 1;
        settings.electric = Some(electric);
    })
    .await;
    let admin = app.sign_in("admin").await;
    // The server's own look may still have the one place.
    let waiting = loop {
        let waiting = tokio::spawn({
            let admin = admin.clone();
            async move { admin.shape("turns", "offset=0_inf&handle=1-1&live=true").await }
        });
        while stub.asked().is_empty() && !waiting.is_finished() {
            tokio::task::yield_now().await;
        }
        if !waiting.is_finished() {
            break waiting;
        }
    };
    let crowded = admin.shape("turns", "offset=-1").await;
    assert_eq!((crowded.status.as_u16(), crowded.headers["retry-after"].as_str()), (503, "2"));
    assert_eq!(value(&figures(&app).await, "turns_electric_up"), Some(1.0), "Electric itself is well");
    waiting.abort();
    while stub.asked().len() < 2 {
        let next = tokio::spawn({
            let admin = admin.clone();
            async move { admin.shape("turns", "offset=0_inf&handle=1-1&live=true").await }
        });
        tokio::task::yield_now().await;
        while stub.asked().len() < 2 && !next.is_finished() {
            tokio::task::yield_now().await;
        }
        next.abort();
    }
}
