//! Two processes that store into one SQLite file, each as fast as it can.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use webhook_core::guarantee::{InboxStore as _, Stored};
use webhook_stores::SqliteStore;

use crate::rounds::{percentiles, round, spread};
use crate::store::one;
use crate::{Directory, Options};

/// What a process does that was started by [`share`].
pub(crate) async fn child(file: &str, seconds: &str) {
    let store = SqliteStore::open(file).unwrap();
    let time = Duration::from_secs_f64(seconds.parse().unwrap());
    let round = round(time, move || {
        let store = store.clone();
        async move { assert_eq!(store.store(one()).await.unwrap(), Stored::New) }
    })
    .await;
    let stored = round.waits.len();
    let [p99, worst] = percentiles(round.waits, [99, 100]);
    println!("{stored} {} {}", p99.as_secs_f64(), worst.as_secs_f64());
}

pub(crate) fn share(options: Options) {
    let mut shares = Vec::new();
    let mut longest = [Vec::new(), Vec::new()];
    for _ in 0..options.rounds {
        let directory = Directory::new();
        drop(SqliteStore::open(directory.file()).unwrap());
        let start = || {
            Command::new(std::env::current_exe().unwrap())
                .arg("child-store")
                .arg(directory.file())
                .arg(options.round.as_secs_f64().to_string())
                .stdout(Stdio::piped())
                .spawn()
                .unwrap()
        };
        let children = [start(), start()];
        let told = children.map(told);
        let stored: f64 = told.iter().map(|told| told[0]).sum();
        shares.push(told[0][0].min(told[1][0]) / stored);
        for told in &told {
            longest[0].push(told[1] * 1000.0);
            longest[1].push(told[2] * 1000.0);
        }
    }
    let (share, least, _) = spread(shares);
    println!("two processes on one SQLite file: the lesser share {share:.2}, at least {least:.2}");
    for (name, times) in ["p99", "longest"].into_iter().zip(longest) {
        let (median, _, most) = spread(times);
        println!("    {name}: {median:.0} ms, at most {most:.0} ms");
    }
}

fn told(child: Child) -> [f64; 3] {
    let output = child.wait_with_output().unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    let numbers: Vec<f64> = told
        .split_whitespace()
        .map(|it| it.parse().unwrap())
        .collect();
    numbers.try_into().unwrap()
}
