//! Counts in Redis, for several servers that share their limits.
//!
//! **Invariant:** a spending is one script, so no two servers can both take the last one; a key goes by itself when its
//! window is over.

use super::{
    ledger::{Ledger, OutOfReach},
    quota::Quota,
    window::{self, Spend, Verdict},
};
use domain::Timestamp;
use redis::{
    Client, RedisError, Script,
    aio::{ConnectionManager, ConnectionManagerConfig},
};
use std::time::Duration;

/// Whoever waits for a limit waits for this at most; then the count in memory has to do.
const PATIENCE: Duration = Duration::from_millis(250);
const PREFIX: &str = "turns:limit:";

/// [`window::Window`] as Redis runs it: a list of instants, oldest first. Instants go in and out as text, because Lua's
/// numbers would print sixteen digits short.
const SPEND: &str = r"
local key, now, window, requests = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local oldest = redis.call('LINDEX', key, 0)
while oldest and tonumber(oldest) <= now - window do
  redis.call('LPOP', key)
  oldest = redis.call('LINDEX', key, 0)
end
local is_allowed = redis.call('LLEN', key) < requests
if ARGV[4] == 'one' and is_allowed then
  redis.call('RPUSH', key, ARGV[1])
  redis.call('PEXPIRE', key, math.ceil(window / 1000))
elseif ARGV[4] == 'give back' then
  redis.call('RPOP', key)
end
return { is_allowed and 1 or 0, redis.call('LLEN', key), redis.call('LINDEX', key, 0) or '' }
";

/// A ledger in Redis.
pub struct Shared {
    connection: ConnectionManager,
    script: Script,
}

impl Shared {
    /// Connects when it is first asked, and again whenever the connection is lost.
    pub fn new(url: &str) -> Result<Self, RedisError> {
        let patient = ConnectionManagerConfig::new()
            .set_number_of_retries(1)
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(Some(PATIENCE));
        Ok(Self {
            connection: Client::open(url)?.get_connection_manager_lazy(patient)?,
            script: Script::new(SPEND),
        })
    }
}

impl Ledger for Shared {
    async fn spend(&self, key: &str, quota: Quota, spend: Spend, now: Timestamp) -> Result<Verdict, OutOfReach> {
        let window = window::micros(quota.window);
        let mut call = self.script.key(format!("{PREFIX}{key}"));
        call.arg(now.micros()).arg(window).arg(quota.requests).arg(match spend {
            Spend::One => "one",
            Spend::Nothing => "nothing",
            Spend::GiveBack => "give back",
        });
        let mut connection = self.connection.clone();
        let answered = tokio::time::timeout(PATIENCE, call.invoke_async::<(bool, u32, String)>(&mut connection)).await;
        let (is_allowed, used, oldest) = answered
            .map_err(|_| OutOfReach("no answer in time".to_owned()))?
            .map_err(|error| OutOfReach(error.to_string()))?;
        let frees_in = oldest.parse().map_or(Duration::ZERO, |oldest| window::frees_in(oldest, window, now.micros()));
        Ok(Verdict {
            is_allowed,
            remaining: quota.requests.saturating_sub(used),
            frees_in,
        })
    }
}
