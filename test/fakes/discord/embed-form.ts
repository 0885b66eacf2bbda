import { characters, type Form, type Json, record } from './form.ts';

/** Source: docs.discord.com/developers/resources/message#embed-object-embed-limits. */
const embedsMax = 10;
const charactersMax = 6_000;
const fieldsMax = 25;
const textMax = {
  title: 256,
  description: 4_096,
  name: 256,
  value: 1_024,
  footer: 2_048,
  author: 256,
} as const;

/** The embeds of a message, as they will be shown. Over their limits they fail in `form`. */
export function checkEmbeds(form: Form, given: unknown): readonly Json[] {
  const embeds = form.list('embeds', given, embedsMax);
  let total = 0;
  const text = (path: string, value: unknown, min: number, max: number): void => {
    total += characters(form.text(path, value, min, max));
  };
  embeds.forEach((raw, index) => {
    const at = `embeds.${index}`;
    const embed = record(raw);
    text(`${at}.title`, embed.title, 0, textMax.title);
    text(`${at}.description`, embed.description, 0, textMax.description);
    text(`${at}.footer.text`, record(embed.footer).text, 0, textMax.footer);
    text(`${at}.author.name`, record(embed.author).name, 0, textMax.author);
    form.list(`${at}.fields`, embed.fields, fieldsMax).forEach((field, nth) => {
      text(`${at}.fields.${nth}.name`, record(field).name, 1, textMax.name);
      text(`${at}.fields.${nth}.value`, record(field).value, 1, textMax.value);
    });
    checkUrl(form, `${at}.url`, embed.url);
    checkUrl(form, `${at}.image.url`, record(embed.image).url);
    checkUrl(form, `${at}.thumbnail.url`, record(embed.thumbnail).url);
  });
  if (total > charactersMax)
    form.fail('embeds', 'MAX_EMBED_SIZE_EXCEEDED', `Embed size exceeds maximum size of ${charactersMax}`);
  return embeds.map((embed) => ({ type: 'rich', ...record(embed) }));
}

function checkUrl(form: Form, path: string, url: unknown): void {
  if (url === undefined || url === null) return;
  if (typeof url !== 'string' || !/^(https?|attachment):\/\/.+/.test(url))
    form.fail(path, 'URL_TYPE_INVALID_URL', 'Not a well formed URL.');
}
