import { type Form, type Json, record } from './form.ts';

/** Source: docs.discord.com/developers/components/reference. */
const kind = { actionRow: 1, button: 2, stringSelect: 3, textInput: 4, channelSelect: 8 } as const;
const componentsMax = 40;
const rowsMax = 5;
const buttonsMax = 5;
const optionsMax = 25;
const v2Kinds: readonly number[] = [9, 10, 11, 12, 13, 14, 17];

interface Count {
  components: number;
  readonly customIds: Set<string>;
}

/** Checks what a message shows below its text; with `isV2` in place of its text. */
export function checkComponents(form: Form, given: unknown, isV2: boolean): readonly unknown[] {
  const top = form.list('components', given, isV2 ? componentsMax : rowsMax);
  const count: Count = { components: 0, customIds: new Set() };
  top.forEach((component, index) => checkTop(form, `components.${index}`, record(component), isV2, count));
  if (count.components > componentsMax)
    form.fail('components', 'BASE_TYPE_BAD_LENGTH', `Must be ${componentsMax} or fewer in length.`);
  return top;
}

function checkTop(form: Form, at: string, component: Json, isV2: boolean, count: Count): void {
  if (component.type === kind.actionRow) {
    checkRow(form, at, component, count);
    return;
  }
  if (!isV2 || !v2Kinds.includes(Number(component.type))) {
    form.fail(`${at}.type`, 'BASE_TYPE_CHOICES', 'Value must be one of {1}.');
    return;
  }
  count.components += 1;
  if (component.type === 10) form.text(`${at}.content`, component.content, 1, 4_000);
  for (const [index, child] of form.list(`${at}.components`, component.components, componentsMax).entries())
    checkTop(form, `${at}.components.${index}`, record(child), true, count);
  if (component.accessory !== undefined)
    checkItem(form, `${at}.accessory`, record(component.accessory), count);
}

function checkRow(form: Form, at: string, row: Json, count: Count): void {
  count.components += 1;
  const items = form.list(`${at}.components`, row.components, buttonsMax);
  if (items.length === 0)
    form.fail(`${at}.components`, 'BASE_TYPE_BAD_LENGTH', `Must be between 1 and ${buttonsMax} in length.`);
  const selects = items.filter((item) => Number(record(item).type) >= kind.stringSelect);
  if (selects.length > 0 && items.length > 1)
    form.fail(
      `${at}.components`,
      'COMPONENT_LAYOUT_WIDTH_EXCEEDED',
      'The specified component exceeds the maximum width',
    );
  items.forEach((item, index) => checkItem(form, `${at}.components.${index}`, record(item), count));
}

function checkItem(form: Form, at: string, item: Json, count: Count): void {
  count.components += 1;
  const type = Number(item.type);
  const isLink = type === kind.button && (item.style === 5 || item.style === 6);
  if (type === kind.button) {
    form.text(`${at}.label`, item.label, 0, 80);
    if (item.style === 5) form.text(`${at}.url`, item.url, 1, 512);
  } else if (type === kind.stringSelect) {
    const options = form.list(`${at}.options`, item.options, optionsMax);
    if (options.length === 0)
      form.fail(`${at}.options`, 'BASE_TYPE_BAD_LENGTH', `Must be between 1 and ${optionsMax} in length.`);
    options.forEach((option, index) => {
      form.text(`${at}.options.${index}.label`, record(option).label, 1, 100);
      form.text(`${at}.options.${index}.value`, record(option).value, 1, 100);
    });
  } else if (type === kind.textInput || type < kind.button || type > kind.channelSelect) {
    if (type !== 11) form.fail(`${at}.type`, 'BASE_TYPE_CHOICES', 'Value must be one of {2, 3, 5, 6, 7, 8}.');
    return;
  }
  if (!isLink) checkCustomId(form, `${at}.custom_id`, item.custom_id, count);
}

function checkCustomId(form: Form, at: string, given: unknown, { customIds }: Count): void {
  const customId = form.text(at, given, 1, 100);
  if (customId !== '' && customIds.has(customId))
    form.fail(at, 'COMPONENT_CUSTOM_ID_DUPLICATED', 'Component custom id cannot be duplicated');
  customIds.add(customId);
}
