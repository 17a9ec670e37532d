// The programs under test, as processes: the dashboard with a data folder of its own, and agents.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { afterwards } from './afterwards.mjs';

const DEADLINE = 20_000;

/** A program's path, from the environment `cargo xtask test` sets. */
function binary(variable) {
  const path = process.env[variable];
  if (!path) throw new Error(`${variable} does not name a program; run this with cargo xtask test --only browser`);
  return path;
}

/** A folder that is gone after the test. */
export async function folder(t) {
  const path = await mkdtemp(join(tmpdir(), 'wamp-browser-'));
  afterwards(t, () => rm(path, { recursive: true, force: true }));
  return path;
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

function within(promise, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${DEADLINE} ms in vain for ${what}`)), DEADLINE);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

class Program {
  constructor(path, args, stdout) {
    this.process = spawn(path, args, { stdio: ['ignore', stdout, 'pipe'] });
    this.complaint = '';
    this.process.stderr.on('data', (text) => (this.complaint = (this.complaint + text).slice(-4000)));
    this.ended = once(this.process, 'exit').then(([code, signal]) => signal ?? code);
  }

  /** Sends a signal and waits for the end: the exit code, or the signal that killed it. */
  async end(signal = 'SIGINT') {
    if (this.process.exitCode === null && this.process.signalCode === null) this.process.kill(signal);
    return within(this.ended, `the end after ${signal}`);
  }
}

/** `wamp-dashboard`: router, fleet service and page. */
export class Dashboard extends Program {
  /** Starts it and waits until it serves; it is ended after the test. */
  static async start(t, { port, data, args = ['--no-agent'] } = {}) {
    port ??= await freePort();
    data ??= await folder(t);
    const dashboard = new Dashboard(port, data, args);
    afterwards(t, () => dashboard.end('SIGKILL'));
    const [line] = await dashboard.serving;
    // The secrets, where it tells any: the token in the page's address, the key in the line that adds a machine.
    dashboard.token = /#token=(\S+)/.exec(line)?.[1];
    if (args.includes('always')) {
      await within(dashboard.told(/--enrol/), 'the line that adds a machine');
      dashboard.enrolmentKey = /--enrol (\S+)/.exec(dashboard.output)[1];
    }
    return dashboard;
  }

  /** Waits until it has said this on its output. */
  async told(pattern) {
    while (!pattern.test(this.output)) await once(this.process.stdout, 'data');
  }

  constructor(port, data, args) {
    super(binary('WAMP_DASHBOARD'), ['--listen', `127.0.0.1:${port}`, '--data', data, ...args], 'pipe');
    this.port = port;
    this.data = data;
    this.url = `http://127.0.0.1:${port}/`;
    this.output = '';
    this.process.stdout.on('data', (text) => (this.output += text));
    const lines = createInterface({ input: this.process.stdout });
    const died = this.ended.then((code) => {
      throw new Error(`wamp-dashboard ended with ${code}: ${this.complaint}`);
    });
    died.catch(() => {});
    this.serving = within(Promise.race([once(lines, 'line'), died]), 'the address');
  }
}

/** `wamp-agent`. */
export class Agent extends Program {
  /** Starts one that keeps its id in `state`, a file; it is ended after the test. */
  static start(t, dashboard, { name, state }, ...more) {
    const url = `ws://127.0.0.1:${dashboard.port}/ws`;
    const args = ['--url', url, '--name', name, '--state', state, ...more];
    const agent = new Agent(binary('WAMP_AGENT'), args, 'ignore');
    afterwards(t, () => agent.end('SIGKILL'));
    return agent;
  }
}
