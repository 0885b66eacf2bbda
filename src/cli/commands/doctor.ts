import { Command, type CommandUnknownOpts } from '@commander-js/extra-typings';
import { existsSync, statSync } from 'node:fs';
import { AppError } from '../../domain/errors.ts';
import type { Answer } from '../client.ts';
import type { CommandContext, Run } from '../context.ts';

type Check = Answer<'GET /doctor'>['checks'][number];

const marks = { ok: '✓', warn: '!', fail: '✗' } as const;

/** Checks that change nothing: those of this side, and those of the daemon if one answers. Fails when one fails. */
export function doctor(run: Run): CommandUnknownOpts {
  return new Command('doctor')
    .description('Check the installation; every finding says how to mend it')
    .action(
      run(async (context) => {
        const checks = [...localChecks(context), ...(await daemonChecks(context))];
        context.out.show({ checks }, () =>
          checks
            .map(
              ({ level, name, detail, fix }) =>
                `${marks[level]} ${name}: ${detail}${fix === undefined ? '' : `\n    ${fix}`}`,
            )
            .join('\n'),
        );
        const failed = checks.filter(({ level }) => level === 'fail').length;
        if (failed > 0) throw new AppError('unavailable', `${failed} of ${checks.length} checks failed.`);
      }),
    );
}

function localChecks({ stateDir, world }: CommandContext): Check[] {
  const node = process.versions.node;
  const checks: Check[] = [{ name: 'node', level: 'ok', detail: node }];
  if (!existsSync(stateDir)) {
    return [
      ...checks,
      {
        name: 'state directory',
        level: 'warn',
        detail: `${stateDir} is not there yet`,
        fix: 'The first palyra up makes it.',
      },
    ];
  }
  const mode = statSync(stateDir).mode & 0o777;
  const open = (mode & 0o077) !== 0 && world.env.OS !== 'Windows_NT';
  checks.push(
    open
      ? {
          name: 'state directory',
          level: 'warn',
          detail: `others may read ${stateDir} (mode ${mode.toString(8)})`,
          fix: `chmod 700 ${stateDir}`,
        }
      : { name: 'state directory', level: 'ok', detail: stateDir },
  );
  return checks;
}

async function daemonChecks({ api }: CommandContext): Promise<Check[]> {
  try {
    return [...(await api('GET /doctor')).checks];
  } catch (error) {
    return [{ name: 'daemon', level: 'fail', detail: AppError.from(error).message }];
  }
}
