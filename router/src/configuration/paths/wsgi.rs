//! `wsgi`: a Python web application, and the Python that runs it.

use std::time::Duration;

use super::{Paths, Section, Service};
use crate::http::services::wsgi::{Environment, Python, WsgiServer, WsgiSettings};

/// Requests an application answers at a time: as many as in Crossbar.io.
const THREADS: u16 = 20;

pub(super) fn read(section: Section<'_>) -> Option<Service> {
    let module = section.required_text("module");
    let object = section.required_text("object");
    let least = section.integer("minthreads", 0..=1000);
    let most = section.integer("maxthreads", 1..=1000);
    let processes = section.integer("processes", 1..=256).unwrap_or(1);
    let servers = [("auto", WsgiServer::Auto), ("gunicorn", WsgiServer::Gunicorn), ("wsgiref", WsgiServer::Wsgiref)];
    let server = section.choice("server", &servers).unwrap_or(WsgiServer::Auto);
    let timeout = section.seconds("timeout").unwrap_or(Duration::from_secs(60));
    let program = section.value("python").and_then(|python| program(&section, python.text()?));
    let threads = most.or(least.map(|least| least.max(THREADS.into())));
    if let (Some(least), Some(most)) = (least, most)
        && least > most
    {
        section.problem_at("minthreads", format!("this is more than the {most} of \"maxthreads\""));
    }
    if processes > 1 && server == WsgiServer::Wsgiref {
        section.problem_at("processes", "wsgiref has one process: use \"server\": \"gunicorn\"");
    }
    Some(Service::Wsgi(WsgiSettings {
        module: module?.into(),
        object: object?.into(),
        threads: threads.and_then(|threads| threads.try_into().ok()).unwrap_or(THREADS),
        processes: processes.try_into().unwrap_or(1),
        // Only gunicorn has several.
        server: if processes > 1 { WsgiServer::Gunicorn } else { server },
        timeout,
        python: Python { program, folder: Some(section.folder().to_owned()), ..Python::default() },
    }))
}

/// The Python a text names: one in a folder, or one to look for where the system looks for programs.
fn program(section: &Section<'_>, text: &str) -> Option<std::path::PathBuf> {
    Some(if text.contains('/') { section.folder().join(text) } else { text.into() })
}

/// What the options of a worker say of the Python programs that belong to it.
#[derive(Debug, Default)]
pub(in crate::configuration) struct PythonOptions(Python);

impl PythonOptions {
    pub(in crate::configuration) fn read(options: &Section<'_>) -> Self {
        let python = options.text("python").and_then(|python| program(options, python));
        let path = options.list("pythonpath").into_iter().filter_map(|path| path.path()).collect();
        let environment = options.section("env").map(|env| environment(&env)).unwrap_or_default();
        Self(Python { program: python, folder: None, path, environment })
    }

    /// Gives them to the applications at the paths.
    pub(in crate::configuration) fn apply(&self, paths: &mut Paths) {
        for (_, service) in paths {
            match service {
                Service::Path(paths) => self.apply(paths),
                Service::Wsgi(settings) => {
                    let Python { program, folder, .. } = std::mem::take(&mut settings.python);
                    settings.python = Python { program: program.or(self.0.program.clone()), folder, ..self.0.clone() };
                }
                _ => {}
            }
        }
    }
}

fn environment(env: &Section<'_>) -> Environment {
    use crate::configuration::document::Value;

    let inherit = env.value("inherit").and_then(|inherit| match inherit.raw() {
        Value::List(_) => Some(inherit.list()?.into_iter().filter_map(|name| name.text()).map(str::to_owned).collect()),
        _ => (!inherit.bool()?).then(Vec::new),
    });
    let set = env.section("vars").into_iter().flat_map(Section::entries);
    let set = set.filter_map(|(name, value)| Some((name.to_owned(), value.text()?.to_owned())));
    let set = set.filter(|(name, _)| !name.is_empty() && !name.contains(['=', '\0'])).collect();
    Environment { inherit, set }
}
