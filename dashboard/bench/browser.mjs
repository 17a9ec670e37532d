// A headless Chromium with an empty profile. playwright-core comes from the folder the caller installed it in.

import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Starts the browser; `modules` is a folder with a `node_modules` that has playwright-core. */
export async function launch({ modules, executable = '/usr/bin/chromium', ...options }) {
  const { chromium } = createRequire(join(resolve(modules), 'here.js'))('playwright-core');
  const profile = await mkdtemp(join(tmpdir(), 'fleet-bench-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: executable,
    headless: true,
    args: FLAGS,
    viewport: { width: 1440, height: 900 },
    ...options,
  });
  return {
    context,
    async close() {
      await context.close();
      await rm(profile, { recursive: true, force: true });
    },
  };
}
