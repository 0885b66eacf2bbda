import { strict as assert } from 'node:assert';
import type { OutboundOperation } from '../domain/outbound.ts';
import { splitText } from '../lib/split-text.ts';
import { type ContractBench, placeOf } from './contract-bench.ts';
import { shownAs } from './contract-outbound.ts';

type Send = Extract<OutboundOperation, { op: 'send' }>;

/** Texts that are hard to cut, each a bit longer than a message of `max`. */
function hardTexts(max: number): readonly string[] {
  const fill = (piece: string, times = Math.ceil((max * 1.2) / piece.length)): string => piece.repeat(times);
  return [
    'short',
    fill('x'),
    fill('word '),
    fill('line after line\n'),
    fill('<b>&amp;</b> "quotes" '),
    fill('* _bold_ [link](https://example.com/a?b=c&d=e) '),
    fill('ä'),
    fill('漢字'),
    fill('😀'),
    fill('👩‍👩‍👧‍👦'),
    fill('e\u0301\u0323'),
    fill('\u202eright to left\u202c '),
    `\`\`\`ts\n${fill('const x = 1;\n')}\`\`\`\nafter`,
    `${fill('before ', Math.ceil(max / 8))}\n\`\`\`${'l'.repeat(40)}\n${fill('code\n')}\`\`\``,
    `${fill('\n', max)}after many empty lines`,
    // Just at the limit, in every unit that a platform may count in.
    'y'.repeat(max),
    '😀'.repeat(Math.floor(max / 2)),
    'ß'.repeat(max),
  ];
}

/** The parts as the core would plan them. */
function partsOf({ adapter, config }: ContractBench, operation: Send): readonly Send[] {
  if (adapter.split) return adapter.split(operation, config);
  return splitText(operation.text, adapter.capabilities.textMax).map((text) => ({ op: 'send', text }));
}

/** The platform itself is the judge of what is too long. */
export async function checkTexts(bench: ContractBench): Promise<void> {
  const { session } = await bench.open();
  const { event } = await bench.hear();
  for (const text of hardTexts(bench.adapter.capabilities.textMax)) {
    const parts = partsOf(bench, { op: 'send', text });
    assert.deepEqual(
      partsOf(bench, { op: 'send', text }),
      parts,
      'Cut another time, it falls in other parts.',
    );
    for (const [index, operation] of parts.entries()) {
      assert.ok(operation.text.isWellFormed(), 'A character was cut in two.');
      await bench.deliver(
        session,
        bench.part(event.address, operation, { part: index + 1, parts: parts.length }),
      );
    }
    const sent = parts.map((part) => part.text).join('');
    assert.ok(contains(sent, text), `Something of the text is lost: ${text.slice(0, 60)}…`);
  }
}

/** A repeat that may be one says so, also when it is as long as a message may be. */
export async function checkLabel(bench: ContractBench): Promise<void> {
  const { session } = await bench.open();
  const { event } = await bench.hear();
  for (const text of ['once more', ...hardTexts(bench.adapter.capabilities.textMax).slice(-3)]) {
    const [operation] = partsOf(bench, { op: 'send', text });
    assert.ok(operation);
    const plain = await bench.deliver(session, bench.part(event.address, operation));
    const labelled = await bench.deliver(
      session,
      bench.part(event.address, operation, { attempt: 2, possibleDuplicate: true }),
    );

    const [first, second] = [await shownAs(bench, plain), await shownAs(bench, labelled)];
    assert.deepEqual(placeOf(second), placeOf(first));
    assert.notEqual(second.text, first.text, 'It does not say that it may be a repeat.');
    assert.ok(contains(second.text, first.text), 'The label is in place of the text.');
  }
}

/** Whether all of `text` but white space and code fences stands in `sent`, in order. */
function contains(sent: string, text: string): boolean {
  const rest = squeeze(sent)[Symbol.iterator]();
  for (const character of squeeze(text)) {
    let next = rest.next();
    while (next.done !== true && next.value !== character) next = rest.next();
    if (next.done === true) return false;
  }
  return true;
}

function squeeze(text: string): string {
  return text.replace(/[\s`~]+/g, '');
}
