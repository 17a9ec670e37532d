use std::sync::{
    Mutex,
    atomic::{AtomicUsize, Ordering},
};

use super::*;
use crate::host::disks::mounts::worth_showing;

const SPACE: Space = Space { used: 1, total: 2 };

fn mounts(points: &[&str]) -> Vec<Mount> {
    let line = |(n, point): (usize, &&str)| format!("{n} 1 8:{n} / {point} rw - ext4 /dev/sd{n} rw\n");
    let mountinfo: String = points.iter().enumerate().map(line).collect();
    worth_showing(mountinfo.as_bytes())
}

fn names(answered: Vec<(String, Space)>) -> Vec<String> {
    answered.into_iter().map(|(name, _)| name).collect()
}

#[tokio::test]
async fn a_mount_that_hangs_is_left_out_and_delays_nothing() {
    let (go_on, wait) = std_mpsc::channel::<()>();
    let wait = Mutex::new(wait);
    let questions = Arc::new(AtomicUsize::new(0));
    let counted = questions.clone();
    let mut prober = Prober::new(move |point| {
        if point == Path::new("/hung") {
            counted.fetch_add(1, Ordering::SeqCst);
            let _ = wait.lock().unwrap().recv();
        }
        Ok(SPACE)
    });
    let mounts = mounts(&["/", "/hung", "/var"]);

    assert_eq!(names(prober.ask(&mounts).await), ["/", "/var"]);

    // From now on nobody waits for it: with this patience the test would not end.
    prober.patience = Duration::from_secs(3600);
    for _ in 0..3 {
        assert_eq!(names(prober.ask(&mounts).await), ["/", "/var"]);
    }
    assert_eq!(questions.load(Ordering::SeqCst), 1, "a hanging mount got a second question");

    // When it answers after all it is asked again.
    go_on.send(()).unwrap();
    go_on.send(()).unwrap();
    let mut answered = Vec::new();
    while answered.len() < 3 {
        answered = names(prober.ask(&mounts).await);
        tokio::task::yield_now().await;
    }
    assert_eq!(answered, ["/", "/hung", "/var"]);
}

#[tokio::test]
async fn a_mount_that_fails_is_left_out() {
    let mut prober = Prober::new(|point| match point.to_str() {
        Some("/bad") => Err(io::ErrorKind::PermissionDenied.into()),
        Some("/nothing") => Ok(Space { used: 0, total: 0 }),
        _ => Ok(SPACE),
    });
    prober.patience = Duration::from_secs(3600);
    let mounts = mounts(&["/", "/bad", "/nothing"]);
    assert_eq!(prober.ask(&mounts).await, [("/".to_owned(), SPACE)]);
    assert_eq!(prober.ask(&mounts).await, [("/".to_owned(), SPACE)]);
}

#[tokio::test]
async fn threads_of_mounts_that_are_gone_end() {
    let probe = Arc::new(());
    let held = probe.clone();
    let mut prober = Prober::new(move |_| {
        let _held = &held;
        Ok(SPACE)
    });
    prober.patience = Duration::from_secs(3600);
    prober.ask(&mounts(&["/", "/a", "/b"])).await;
    assert_eq!(Arc::strong_count(&prober.probe), 4);
    prober.ask(&mounts(&["/"])).await;
    while Arc::strong_count(&prober.probe) > 2 {
        tokio::task::yield_now().await;
    }
    assert_eq!(prober.lanes.len(), 1);
}
