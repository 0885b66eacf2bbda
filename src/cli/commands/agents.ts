import { Command, type CommandUnknownOpts } from '@commander-js/extra-typings';
import { AppError } from '../../domain/errors.ts';
import type { Run } from '../context.ts';
import { facts, printable, table } from '../output.ts';
import { parseJsonObject, wholeNumber } from '../options.ts';
import { namesSecret, readSecret } from '../secret-input.ts';
import { storeSecret } from '../store-secret.ts';

export function agents(run: Run): CommandUnknownOpts {
  return new Command('agents')
    .description('Who answers')
    .addCommand(list(run))
    .addCommand(set(run))
    .addCommand(remove(run))
    .addCommand(test(run));
}

function list(run: Run): CommandUnknownOpts {
  return new Command('list').description('All agents').action(
    run(async ({ api, out }) => {
      const { agents: known } = await api('GET /agents');
      out.show(known, () =>
        table(
          ['agent', 'kind', 'enabled', 'concurrency', 'timeout', 'attempts', 'url'],
          known.map((agent) => [
            agent.id,
            agent.kind,
            agent.usable ? agent.enabled : 'unusable',
            agent.concurrency,
            `${agent.timeoutMs} ms`,
            agent.attemptsMax,
            typeof agent.config.url === 'string' ? agent.config.url : undefined,
          ]),
        ),
      );
    }),
  );
}

function set(run: Run): CommandUnknownOpts {
  return new Command('set')
    .description('Add an agent, or change one; live at once')
    .argument('<agent>', 'its name')
    .argument('[kind]', 'echo or http; needed for a new one')
    .option('--url <url>', 'where an http agent listens')
    .option('--config <json>', 'further settings of the kind, as a JSON object')
    .option('--secret-ref <ref>', 'the vault reference of the key that signs turns')
    .option('--secret-stdin', 'read that key from standard input, and store it')
    .option('--secret-env <name>', 'read it from an environment variable')
    .option('--secret-file <path>', 'read it from a file')
    .option('--timeout-ms <n>', 'how long a turn may take', wholeNumber())
    .option('--concurrency <n>', 'turns at once', wholeNumber())
    .option('--attempts-max <n>', 'attempts before a turn is dead', wholeNumber())
    .option('--disabled', 'switched off')
    .option('--enabled', 'switched on, as a new one is')
    .action(
      run(async ({ api, out, world }, id, kind, options) => {
        const known = (await api('GET /agents')).agents.find((agent) => agent.id === id);
        const kindNow = kind ?? known?.kind;
        if (kindNow === undefined)
          throw new AppError(
            'invalid_request',
            'A new agent needs a kind: palyra agents set <agent> http --url <url>.',
          );
        const secretRef = options.secretRef ?? (namesSecret(options) ? `global/agent.${id}` : undefined);
        if (namesSecret(options) && secretRef !== undefined)
          await storeSecret(api, secretRef, await readSecret(options, world, 'signing key'));
        const config = {
          ...(known?.kind === kindNow ? known.config : {}),
          ...(options.config === undefined ? {} : parseJsonObject(options.config, '--config')),
          ...(options.url === undefined ? {} : { url: options.url }),
          ...(secretRef === undefined ? {} : { secretRef }),
        };
        const agent = await api('PUT /agents/{id}', {
          params: { id },
          body: {
            ...(known
              ? { concurrency: known.concurrency, timeoutMs: known.timeoutMs, attemptsMax: known.attemptsMax }
              : {}),
            kind: kindNow,
            config,
            enabled: enabledBy(options) ?? known?.enabled ?? true,
            ...(options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs }),
            ...(options.concurrency === undefined ? {} : { concurrency: options.concurrency }),
            ...(options.attemptsMax === undefined ? {} : { attemptsMax: options.attemptsMax }),
          },
        });
        out.show(agent, () => `Agent ${agent.id} (${agent.kind}) is ${agent.enabled ? 'on' : 'off'}.`);
      }),
    );
}

function remove(run: Run): CommandUnknownOpts {
  return new Command('remove')
    .description('Remove an agent; events routed to it wait')
    .argument('<agent>')
    .action(
      run(async ({ api, out }, id) => {
        await api('DELETE /agents/{id}', { params: { id } });
        out.show({ removed: id }, () => `Agent ${printable(id)} is removed.`);
      }),
    );
}

function enabledBy(options: {
  readonly disabled?: true | undefined;
  readonly enabled?: true | undefined;
}): boolean | undefined {
  if (options.disabled === true && options.enabled === true)
    throw new AppError('invalid_request', 'Give --enabled or --disabled, not both.');
  return options.disabled === true ? false : options.enabled;
}

/** Fails when the agent does. */
function test(run: Run): CommandUnknownOpts {
  return new Command('test')
    .description('Give an agent a made-up turn and show what it answers; nothing is sent')
    .argument('<agent>')
    .option('--text <text>', 'what it is told', 'hello')
    .action(
      run(async ({ api, out }, id, { text }) => {
        const answer = await api('POST /agents/{id}/test', { params: { id }, body: { text } });
        out.show(answer, () =>
          [
            facts([
              ['outcome', answer.outcome],
              ['detail', answer.detail],
              ['took', `${Math.round(answer.durationMs)} ms`],
            ]),
            ...answer.messages.map(
              ({ op, text }) => `${op}  ${typeof text === 'string' ? printable(text) : ''}`,
            ),
          ].join('\n'),
        );
        if (!answer.ok) throw new AppError('unavailable', `The agent failed: ${answer.outcome}.`);
      }),
    );
}
