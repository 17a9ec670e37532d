//! One kernel, and the two ways of measuring it.

use std::fmt::{self, Display, Formatter};

/// What is measured: made ready once, then done again and again.
pub(crate) type Run = Box<dyn FnMut()>;

/// A group's name, and what makes its kernels.
pub(crate) type Group = (&'static str, fn() -> Vec<Kernel>);

/// Something whose cost is measured.
pub(crate) struct Kernel {
    name: String,
    prepare: Box<dyn Fn() -> Run + Send + Sync>,
}

impl Kernel {
    pub(crate) fn new<R: FnMut() + 'static>(
        name: impl Into<String>,
        prepare: impl Fn() -> R + Send + Sync + 'static,
    ) -> Self {
        Self { name: name.into(), prepare: Box::new(move || Box::new(prepare())) }
    }

    /// Makes it ready to be run.
    pub(crate) fn prepare(&self) -> Run {
        (self.prepare)()
    }

    /// Says how long it takes.
    pub(crate) fn time(&self, bencher: divan::Bencher<'_, '_>) {
        let run = self.prepare();
        bencher.bench_local(run);
    }
}

impl Display for Kernel {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// Serves `cargo xtask bench-kernels`, if it is who started the program: `--kernels` prints the names of all kernels,
/// `--count NAME TIMES` runs one, first `TIMES` times to warm up and then `TIMES` times in a function of the name that
/// callgrind is told to watch.
pub(crate) fn count_if_asked(groups: &[Group]) -> bool {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let all = || {
        let named =
            |&(group, kernels): &Group| kernels().into_iter().map(move |kernel| (format!("{group} {kernel}"), kernel));
        groups.iter().flat_map(named)
    };
    match arguments[..] {
        ["--kernels"] => all().for_each(|(name, _)| println!("{name}")),
        ["--count", wanted, times] => {
            let (_, kernel) = all().find(|(name, _)| name == wanted).expect("the name of a kernel");
            let times = times.parse().expect("a number");
            let mut run = kernel.prepare();
            (0..times).for_each(|_| run());
            counted_by_callgrind(&mut run, times);
        }
        _ => return false,
    }
    true
}

#[inline(never)]
fn counted_by_callgrind(run: &mut Run, times: usize) {
    for _ in 0..times {
        run();
    }
}
