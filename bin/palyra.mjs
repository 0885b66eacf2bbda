#!/usr/bin/env node
// Starts the command line on Node 24: in this process when it is one, else in the Node that npm installed
// beside us. Plain JavaScript, because it must load on Node 20.
const major = Number(process.versions.node.split('.')[0]);

try {
  await (major >= 24 ? runHere() : runOnNode24());
} catch (error) {
  if (!String(error.code).endsWith('MODULE_NOT_FOUND')) throw error;
  fail('What it needs is not installed. In a clone: npm ci. Elsewhere: npm install palyra.', error);
}

async function runHere() {
  dieWithLauncher();
  await import('./compile-cache.mjs');
  await import('./strip-types.mjs');
  const { main } = await import('../src/entry.ts');
  await main(process.argv.slice(2));
}

async function runOnNode24() {
  const { spawn } = await import('node:child_process');
  const { createRequire } = await import('node:module');
  const { dirname, join } = await import('node:path');

  const nodePackage = dirname(createRequire(import.meta.url).resolve('node/package.json'));
  const node24 = join(nodePackage, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  // The channel carries nothing: its end tells the child that we are gone.
  const child = spawn(node24, [process.argv[1], ...process.argv.slice(2)], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, PALYRA_LAUNCHER: String(process.pid) },
  });
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    fail('It needs Node 24, and the one that npm installs with it did not start. Install Node 24.', error);
  });
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code);
    for (const name of signals) process.removeAllListeners(name);
    process.kill(process.pid, signal);
  });
}

/** Whoever kills the launcher means us; it had no chance to pass the signal on. */
function dieWithLauncher() {
  if (process.env.PALYRA_LAUNCHER !== String(process.ppid)) return;
  delete process.env.PALYRA_LAUNCHER;
  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
  process.channel?.unref();
}

function fail(message, error) {
  process.stderr.write(`palyra: ${message} (${error.message.split('\n')[0]})\n`);
  process.exit(69);
}
