import { Command, type CommandUnknownOpts } from '@commander-js/extra-typings';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../../domain/errors.ts';
import type { Answer } from '../client.ts';
import type { CommandContext, Run } from '../context.ts';
import { printable } from '../output.ts';

type Check = Answer<'GET /doctor'>['checks'][number];

/** A daemon that takes longer is a finding. */
const answerMsMax = 5_000;

const marks = { ok: '✓', warn: '!', fail: '✗' } as const;

/** Checks that change nothing: those of this side, and those of the daemon if one answers. Fails when one fails. */
export function doctor(run: Run): CommandUnknownOpts {
  return new Command('doctor')
    .description('Check the installation; every finding says how to mend it')
    .action(
      run(async (context) => {
        const [loaded, ofDaemon] = await Promise.all([loadedConfig(context), daemonChecks(context)]);
        const checks = [...(await localChecks(context, loaded)), ...ofDaemon];
        context.out.show({ checks }, () => checks.map(formatCheck).join('\n'));
        const failed = checks.filter(({ level }) => level === 'fail').length;
        if (failed > 0) throw new AppError('unavailable', `${failed} of ${checks.length} checks failed.`);
      }),
    );
}

function formatCheck({ level, name, detail, fix }: Check): string {
  const finding = `${marks[level]} ${printable(name)}: ${printable(detail)}`;
  return fix === undefined ? finding : `${finding}\n    ${printable(fix)}`;
}

/** The hash of what the daemon in this directory runs with; undefined when none is there to say so. */
async function loadedConfig(context: CommandContext): Promise<string | undefined> {
  try {
    const { configHash, stateDir } = await context.api('GET /status', { timeoutMs: answerMsMax });
    return stateDir === context.stateDir ? configHash : undefined;
  } catch {
    return undefined;
  }
}

async function localChecks(
  { stateDir }: CommandContext,
  loaded: string | undefined,
): Promise<readonly Check[]> {
  const node: Check = { name: 'node', level: 'ok', detail: process.versions.node };
  if (modeOf(stateDir) === undefined) {
    const detail = `${stateDir} is not there yet`;
    return [node, { name: 'state directory', level: 'warn', detail, fix: 'The first palyra up makes it.' }];
  }
  return [
    node,
    checkMode('state directory', stateDir, '700'),
    ...['admin.token', 'master.key']
      .filter((name) => modeOf(join(stateDir, name)) !== undefined)
      .map((name) => checkMode(name, join(stateDir, name), '600')),
    await checkConfig(stateDir, loaded),
  ];
}

function checkMode(name: string, path: string, mode: string): Check {
  const found = modeOf(path) ?? 0;
  // Windows has no such modes; what it shows there is the same for every file.
  if ((found & 0o077) === 0 || process.platform === 'win32') return { name, level: 'ok', detail: path };
  const detail = `${path} is open to other users of this machine (mode ${found.toString(8)})`;
  return { name, level: 'warn', detail, fix: `chmod ${mode} ${path}` };
}

async function checkConfig(stateDir: string, loaded: string | undefined): Promise<Check> {
  const name = 'config.json';
  try {
    const { configHash, loadConfig } = await import('../../config.ts');
    loadConfig(stateDir);
    if (loaded !== undefined && loaded !== configHash(stateDir)) {
      const detail = 'good, and not what the daemon runs with: it was changed since the start';
      return { name, level: 'warn', detail, fix: 'Restart the daemon to load it.' };
    }
    return {
      name,
      level: 'ok',
      detail: modeOf(join(stateDir, name)) === undefined ? 'none: the defaults' : 'good',
    };
  } catch (error) {
    const fix = 'Correct it before the next start. Every key: docs/settings.md';
    return { name, level: 'fail', detail: AppError.from(error).message, fix };
  }
}

/** Undefined when it is not there, or out of reach. */
function modeOf(path: string): number | undefined {
  try {
    return statSync(path).mode & 0o777;
  } catch {
    return undefined;
  }
}

const fixes: Readonly<Partial<Record<string, string>>> = {
  unavailable: 'palyra up',
  timeout: 'Look into the log of the daemon, then restart it.',
  unauthenticated: 'palyra doctor needs the admin.token of the daemon, or PALYRA_ADMIN_TOKEN',
  forbidden: 'palyra tokens create doctor --scope read',
};

async function daemonChecks(context: CommandContext): Promise<readonly Check[]> {
  try {
    return (await context.api('GET /doctor', { timeoutMs: answerMsMax })).checks;
  } catch (error) {
    const { code, message } = AppError.from(error);
    const fix = fixes[code] ?? 'palyra status';
    return [{ name: 'daemon', level: 'fail', detail: message, fix }];
  }
}
