// Brings node_modules up to date with package-lock.json when it is not, and says nothing when it is.
// Runs before anything is installed, so: plain JavaScript, no dependency, Node 20.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const stampFile = `${root}/node_modules/.palyra-install`;
const lock = createHash('sha256')
  .update(readFileSync(`${root}/package-lock.json`))
  .digest('hex');
const wanted = process.argv.includes('--production') ? 'production' : 'everything';

const [installedLock, installed] = existsSync(stampFile) ? readFileSync(stampFile, 'utf8').split(' ') : [];
const upToDate = installedLock === lock && (installed === 'everything' || installed === wanted);

if (!upToDate) {
  const scope = wanted === 'production' ? ['--omit=dev'] : [];
  process.stderr.write('Installing dependencies (once, about half a minute) …\n');
  const npm = spawnSync('npm', ['ci', ...scope, '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
    shell: process.platform === 'win32',
  });
  if (npm.status !== 0) {
    process.stderr.write('npm ci failed (see above). Fix that, then run the same command again.\n');
    process.exit(npm.status ?? 1);
  }
  writeFileSync(stampFile, `${lock} ${wanted}`);
}
