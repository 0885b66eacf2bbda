import { Command, type CommandUnknownOpts } from '@commander-js/extra-typings';
import { AppError } from '../../domain/errors.ts';
import { Secret } from '../../lib/secret.ts';
import type { Answer } from '../client.ts';
import type { CliWorld, Run } from '../context.ts';
import { followTrace, requireEnd, type Trace } from '../follow.ts';
import { parseJsonObject, timeoutOption } from '../options.ts';
import { readBytes, readSecret } from '../secret-input.ts';
import { formatTrace } from './trace.ts';

interface PayloadOptions {
  readonly payloadFile?: string | undefined;
  readonly payloadStdin?: true | undefined;
}

/** Fails unless the delivery was accepted and came to a good end. */
export function test(run: Run): CommandUnknownOpts {
  return new Command('test')
    .description(
      'Sign a sample with the stored secret, post it through the real ingress, and follow it to its end',
    )
    .argument('<id>')
    .option('--event <name>', 'which event of the provider')
    .option('--payload-file <path>', 'this body instead of the sample')
    .option('--payload-stdin', 'the body from standard input')
    .addOption(timeoutOption('how long to follow it', 30))
    .action(
      run(async (context, id, options) => {
        const payload = await readPayload(options, context.world);
        const answer = await context.api('POST /webhooks/{id}/test', {
          params: { id },
          body: {
            ...(options.event === undefined ? {} : { event: options.event }),
            ...(payload === undefined ? {} : { payloadBase64: payload.toString('base64') }),
          },
        });
        const trace =
          answer.event === undefined ? undefined : await followTrace(context, answer.event, options.timeout);
        context.out.show({ ...answer, ...(trace ? { trace } : {}) }, () => formatAnswer(answer, trace));
        if (trace) requireEnd('The test', trace, ['delivered', 'done']);
        else if (answer.verdict !== 'challenge') throw refused(answer);
      }),
    );
}

/** Needs no daemon: what the provider would send, for use with curl. */
export function sign(run: Run): CommandUnknownOpts {
  return new Command('sign')
    .description('The headers with which a provider would send a body; needs no daemon')
    .argument('<provider>')
    .option('--secret-stdin', 'read the signing secret from standard input')
    .option('--secret-env <name>', 'read it from an environment variable')
    .option('--secret-file <path>', 'read it from a file')
    .option('--payload-file <path>', 'the body')
    .option('--payload-stdin', 'the body from standard input')
    .option('--event <name>', 'which event of the provider')
    .option('--id <id>', 'the id of the delivery')
    .option('--settings <json>', 'settings of the provider, as a JSON object (generic-hmac)')
    .action(
      run(async ({ out, world }, providerId, options) => {
        if (options.secretStdin === true && options.payloadStdin === true) {
          throw new AppError(
            'invalid_request',
            'Only one of secret and payload can come from standard input.',
          );
        }
        const [{ providerOf }, { samplePayload }, { sign: signBody }] = await Promise.all([
          import('../../webhooks/providers.ts'),
          import('../../webhooks/sample.ts'),
          import('../../webhooks/sign.ts'),
        ]);
        const named = {
          provider: providerOf(providerId),
          settings: parseJsonObject(options.settings ?? '{}', '--settings'),
        };
        const secret = new Secret(await readSecret(options, world, 'signing secret'));
        const now = world.clock.now();
        const id = options.id ?? `sample-${now}`;
        const sample = samplePayload({
          ...named,
          id,
          now,
          ...(options.event === undefined ? {} : { event: options.event }),
        });
        const body = (await readPayload(options, world)) ?? Buffer.from(sample.body);
        const headers = signBody({ ...named, secret, body, now, id, event: sample.event });
        const lines = headers.flatMap((name, index) =>
          index % 2 === 0 ? [`${name}: ${headers[index + 1] ?? ''}`] : [],
        );
        out.show({ headers: lines, bodyBase64: body.toString('base64') }, () => lines.join('\n'));
      }),
    );
}

async function readPayload(options: PayloadOptions, world: CliWorld): Promise<Buffer | undefined> {
  if (options.payloadFile !== undefined && options.payloadStdin === true)
    throw new AppError('invalid_request', 'Give --payload-file or --payload-stdin, not both.');
  if (options.payloadFile !== undefined) return readBytes(options.payloadFile);
  if (options.payloadStdin === true) return world.readStdin();
  return undefined;
}

type TestAnswer = Answer<'POST /webhooks/{id}/test'>;

function refused({ reason, delivery }: TestAnswer): AppError {
  const hint = delivery === undefined ? '' : ` See: palyra why ${delivery}`;
  return new AppError('unavailable', `The test failed: ${reason}.${hint}`);
}

function formatAnswer(answer: TestAnswer, trace: Trace | undefined): string {
  const head = `The ingress answered ${answer.status} ${answer.verdict ?? answer.reason}${answer.delivery === undefined ? '' : ` (${answer.delivery})`}.`;
  return trace ? `${head}\n\n${formatTrace(trace)}` : head;
}
