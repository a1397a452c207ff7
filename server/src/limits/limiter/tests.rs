//! With a real Redis, `redis-server` of the PATH, on a port of its own.

use super::*;
use crate::limits::ledger::conformance;
use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};

/// A Redis that ends with its test.
struct Redis {
    process: Child,
    port: u16,
    _folder: tempfile::TempDir,
}

impl Redis {
    fn start() -> Self {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        Self::start_at(port)
    }

    fn start_at(port: u16) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut process = Command::new("redis-server")
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--daemonize", "no", "--dir"])
            .arg(folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .expect("these tests need redis-server; on Debian: apt-get install redis-server");
        let printed = BufReader::new(process.stdout.take().unwrap());
        let is_ready = |line: &String| line.to_lowercase().contains("ready to accept connections");
        assert!(printed.lines().map_while(Result::ok).any(|line| is_ready(&line)), "Redis did not start");
        Self {
            process,
            port,
            _folder: folder,
        }
    }

    fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn limits() -> RateLimits {
    let quota = Quota {
        requests: 3,
        window: Duration::from_secs(60),
    };
    RateLimits::lifted().with(Budget::Writes, Some(quota))
}

async fn remaining(limiter: &Limiter, whose: &str, now_micros: i64) -> u32 {
    let now = Timestamp::from_micros(now_micros);
    let (_, verdict) = limiter.spend(Budget::Writes, whose, Spend::One, now).await.unwrap();
    verdict.remaining
}

#[tokio::test]
async fn redis_keeps_the_rule() {
    let redis = Redis::start();
    conformance::holds(&Shared::new(&redis.url()).unwrap(), "redis").await;
}

#[tokio::test]
async fn servers_share_what_redis_counts_and_go_on_without_it() {
    let redis = Redis::start();
    let (port, url) = (redis.port, redis.url());
    let [one, other] = [(); 2].map(|()| Limiter::new(limits(), Some(&url)).unwrap());
    assert_eq!((remaining(&one, "maria", 1).await, remaining(&other, "maria", 2).await), (2, 1));
    drop(redis);
    let alone = (remaining(&one, "maria", 3).await, remaining(&other, "maria", 4).await);
    assert_eq!(alone, (2, 2), "each counts for itself");
    assert_eq!(remaining(&one, "maria", 5).await, 1);
    let _back = Redis::start_at(port);
    let mut now = 5;
    for limiter in [&one, &other] {
        // The first question may still find the broken connection; the next has a new one.
        for whose in ["first", "next"] {
            now += micros(LEAVE_ALONE) + 1;
            remaining(limiter, whose, now).await;
        }
    }
    let told = (remaining(&one, "again", now).await, remaining(&other, "again", now).await);
    assert_eq!(told, (2, 1), "they share again");
}

#[tokio::test]
async fn a_lifted_limit_counts_nothing() {
    let limiter = Limiter::new(RateLimits::lifted(), None).unwrap();
    assert!(limiter.spend(Budget::Auth, "x", Spend::One, Timestamp::from_micros(0)).await.is_none());
}

#[tokio::test]
async fn a_redis_that_was_never_there_refuses_nobody() {
    // Nobody listens at port 1; the second would speak TLS.
    for url in ["redis://127.0.0.1:1", "rediss://127.0.0.1:1"] {
        let limiter = Limiter::new(limits(), Some(url)).unwrap();
        assert_eq!((remaining(&limiter, "maria", 1).await, remaining(&limiter, "maria", 2).await), (2, 1), "{url}");
    }
}

#[test]
fn a_wrong_address_of_redis_is_told_at_the_start() {
    assert!(Limiter::new(limits(), Some("http://redis")).is_err());
}
