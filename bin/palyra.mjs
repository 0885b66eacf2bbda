#!/usr/bin/env node
// Starts the command line on Node 24: in this process when it is one, else in the Node that npm installed
// beside us. Plain JavaScript, because it must load on Node 20.
const major = Number(process.versions.node.split('.')[0]);

if (major >= 24) {
  await import('./strip-types.mjs');
  const { main } = await import('../src/entry.ts');
  await main(process.argv.slice(2));
} else {
  const { spawn } = await import('node:child_process');
  const { createRequire } = await import('node:module');
  const { dirname, join } = await import('node:path');

  const nodePackage = dirname(createRequire(import.meta.url).resolve('node/package.json'));
  const node24 = join(nodePackage, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  const child = spawn(node24, [process.argv[1], ...process.argv.slice(2)], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    process.stderr.write(`palyra needs Node 24 and could not start the one from npm: ${error.message}\n`);
    process.exit(70);
  });
  child.on('exit', (code, signal) => (signal ? process.kill(process.pid, signal) : process.exit(code ?? 70)));
}
