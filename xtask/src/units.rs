//! The units of systemd: boots a Debian, in which they are installed as docs/operating/deploying.md says, and tried.

use std::fs;
use std::path::Path;

use anyhow::{Context, bail, ensure};

use crate::checkout::Checkout;
use crate::command::{output, program, run};
use crate::{dist, install};

/// What is in the machine, besides the essential packages.
const PACKAGES: &str = "systemd,systemd-sysv,systemd-resolved,dbus,python3,python3-venv,openssl,procps";

/// What the tests print, in the machine.
const OUTPUT: &str = "test/output";

/// Starts the tests when the machine is up; it is switched off when they have ended, and says how.
const STARTER: &str = "\
[Unit]
Wants=network-online.target
After=multi-user.target
SuccessAction=exit
FailureAction=exit

[Service]
Type=exec
WorkingDirectory=/test
Environment=PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
ExecStart=/usr/bin/python3 /test/units/main.py
StandardOutput=append:/test/output
StandardError=inherit

[Install]
WantedBy=default.target
";

/// Makes the machine, boots it, and waits for its end.
///
/// # Errors
/// If that is not possible here, or something is not as it should be.
pub(crate) fn units(checkout: &Checkout, arguments: &[String]) -> anyhow::Result<()> {
    let given = match arguments {
        [] => None,
        [option, folder] if option == "--programs" => Some(checkout.root.join(folder)),
        _ => bail!("units: it takes --programs DIR, and nothing else"),
    };
    let is_root = output(program(checkout, "id").arg("-u"))?.trim() == "0";
    ensure!(is_root, "a machine is booted for this, which takes root: sudo cargo xtask units");
    let programs = given.map_or_else(|| dist::dist(checkout), Ok)?;
    install::debian(checkout, "mmdebstrap", &["mmdebstrap"], true)?;
    install::debian(checkout, "systemd-nspawn", &["systemd-container"], true)?;
    install::venv(checkout, "requirements.txt", &checkout.venv(), true)?;

    let folder = checkout.target.join("units");
    fs::create_dir_all(&folder)?;
    let archive = archive(checkout, &folder)?;
    let root = folder.join("root");
    if root.exists() {
        fs::remove_dir_all(&root)?;
    }
    fs::create_dir(&root)?;
    run(program(checkout, "tar").arg("-xf").arg(archive).arg("-C").arg(&root))?;
    furnish(checkout, &programs, &root)?;
    boot(checkout, &root)
}

/// A Debian, which is kept for the next time.
fn archive(checkout: &Checkout, folder: &Path) -> anyhow::Result<std::path::PathBuf> {
    let archive = folder.join("debian.tar");
    let contents = folder.join("debian.packages");
    if archive.exists() && fs::read_to_string(&contents).is_ok_and(|packages| packages == PACKAGES) {
        return Ok(archive);
    }
    let mut debian = program(checkout, "mmdebstrap");
    debian.args(["--variant=minbase", &format!("--include={PACKAGES}"), "bookworm"]).arg(&archive);
    run(&mut debian).context("cannot make a Debian")?;
    fs::write(contents, PACKAGES)?;
    Ok(archive)
}

/// Puts into the machine what is to be tried, and the tests.
fn furnish(checkout: &Checkout, programs: &Path, root: &Path) -> anyhow::Result<()> {
    let test = root.join("test");
    fs::create_dir(&test)?;
    let tests = checkout.root.join("tests");
    let copied = [
        (programs.to_owned(), "programs"),
        (tests.join("units"), "units"),
        (tests.join("django/site"), "site"),
        (checkout.root.join("docs/operating/deploying.md"), "deploying.md"),
    ];
    for (from, name) in copied {
        run(program(checkout, "cp").arg("-r").arg(from).arg(test.join(name)))?;
    }
    // The machine has no network: what its Python needs is fetched here.
    let wanted = fs::read_to_string(tests.join("requirements.txt"))?;
    let wanted = wanted.lines().filter(|line| line.starts_with("Django") || line.starts_with("gunicorn"));
    let mut download = program(checkout, checkout.venv().join("bin/pip"));
    download.args(["download", "--quiet", "--disable-pip-version-check", "--dest"]).arg(test.join("wheels"));
    run(download.args(wanted))?;
    let units = root.join("etc/systemd/system");
    fs::write(units.join("tests.service"), STARTER)?;
    let wants = units.join("default.target.wants");
    fs::create_dir_all(&wants)?;
    std::os::unix::fs::symlink("../tests.service", wants.join("tests.service"))?;
    Ok(())
}

fn boot(checkout: &Checkout, root: &Path) -> anyhow::Result<()> {
    let mut machine = program(checkout, "systemd-nspawn");
    machine.args(["--quiet", "--boot", "--private-network", "--console=pipe", "--directory"]).arg(root);
    if !Path::new("/run/systemd/system").exists() {
        // Nobody here keeps a list of machines.
        machine.args(["--register=no", "--keep-unit"]);
    }
    let ended = run(machine.args(["systemd.show_status=false", "systemd.log_target=null"]));
    // The machine has no terminal.
    print!("{}", fs::read_to_string(root.join(OUTPUT)).context("the machine has not run the tests")?);
    ended
}
