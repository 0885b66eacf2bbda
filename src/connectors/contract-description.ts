import { strict as assert } from 'node:assert';
import { AppError } from '../domain/errors.ts';
import { inboundEventTypes } from '../domain/inbound-event.ts';
import { limits } from '../domain/limits.ts';
import { type ConnectorAdapter, connectorOperations } from './connector.ts';
import type { ContractBench } from './contract-bench.ts';

export function checkDescription(
  { adapter, harness }: ContractBench,
  claims: Pick<ConnectorAdapter, 'capabilities' | 'needsSecret'>,
): void {
  const { kind, title, capabilities, needsSecret } = adapter;
  assert.deepEqual(
    { capabilities, needsSecret },
    { capabilities: claims.capabilities, needsSecret: claims.needsSecret },
  );
  assert.match(kind, /^[a-z][a-z0-9_]{0,31}$/);
  assert.notEqual(title, '');
  assert.equal(needsSecret, harness.secret !== undefined, 'The harness brings a secret where one is needed.');
  assert.ok(Number.isSafeInteger(capabilities.textMax) && capabilities.textMax >= 64);
  assert.ok(Number.isSafeInteger(capabilities.idempotentSendMs) && capabilities.idempotentSendMs >= 0);
  for (const type of capabilities.inbound) {
    assert.ok(inboundEventTypes.includes(type) && type !== 'webhook', `${type} is no event of a chat.`);
  }
  for (const name of connectorOperations) {
    const operation = capabilities.operations[name];
    assert.ok(
      operation.supported || (operation.reason ?? '') !== '',
      `It does not say why it cannot ${name}.`,
    );
    assert.ok(
      operation.policyAction !== '' && operation.auditType !== '',
      `${name} has no name for policies.`,
    );
  }
  const { operations } = capabilities;
  assert.ok(operations.send.supported || !operations.reply.supported, 'A reply is a message too.');
}

/** What no platform has for an id. */
const junk = ['', ' ', '\n', 'a\u0000b', 'two words', 'x'.repeat(limits.identityBytesMax + 1)];

export function checkIdentities({ adapter, harness }: ContractBench): void {
  assert.ok(
    harness.identities.some(({ entity }) => entity === 'user'),
    'The harness names no user.',
  );
  for (const { entity, canonical, spellings, wrong } of harness.identities) {
    for (const spelling of [canonical, ...spellings, ` ${canonical} `]) {
      assert.equal(adapter.canonicalIdentity(entity, spelling), canonical, `${entity} "${spelling}"`);
    }
    if (entity === 'user' || entity === 'role' || entity === 'guild')
      assert.ok(canonical.startsWith(`${adapter.kind}:${entity}:`), `${canonical} does not say what it is.`);
    for (const text of [...junk, ...wrong]) {
      assert.throws(
        () => adapter.canonicalIdentity(entity, text),
        (thrown) => thrown instanceof AppError && thrown.code === 'invalid_request',
        `${entity} ${JSON.stringify(text.slice(0, 40))} was not refused.`,
      );
    }
  }
}
