// The real dashboard with simulated machines, on a port of its own.

import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PATIENCE = 60_000;

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Starts `binary --demo machines` and waits until it serves the page. */
export async function serve(binary, machines) {
  const data = await mkdtemp(join(tmpdir(), 'fleet-bench-data-'));
  const port = await freePort();
  const child = spawn(binary, ['--listen', `127.0.0.1:${port}`, '--data', data, '--demo', String(machines)], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const ended = new Promise((resolve) => child.once('exit', (code, signal) => resolve(code ?? signal)));
  const failed = ended.then((code) => {
    throw new Error(`${binary} ended with ${code} instead of serving`);
  });
  failed.catch(() => {});
  const url = `http://127.0.0.1:${port}/`;
  await Promise.race([failed, reachable(url)]);
  return {
    url,
    async close() {
      child.kill('SIGINT');
      await ended;
      await rm(data, { recursive: true, force: true });
    },
  };
}

async function reachable(url) {
  const deadline = Date.now() + PATIENCE;
  for (;;) {
    try {
      if ((await fetch(url)).ok) return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
