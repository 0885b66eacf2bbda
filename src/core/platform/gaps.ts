import type { AdapterRegistry } from '../../connectors/registry.ts';
import type { GapRecord, GapState } from '../../domain/gap.ts';
import { kindOf, parseConnectorId } from '../../domain/ids.ts';
import type { Page, PageRequest } from '../../domain/page.ts';
import type { Store } from '../../store/store.ts';

export interface GapFilter {
  readonly connector?: string | undefined;
  readonly state?: GapState | undefined;
}

export interface GapPage extends Page<GapRecord> {
  /** Of the connector, or of all: how many gaps are not closed, on this page or not. */
  readonly unexplained: number;
  /** What reading back did not bring, by the kinds of the connectors on this page that were read back. */
  readonly notReadBack: Readonly<Record<string, string>>;
}

/** The times in which connectors did not hear their platforms, and how each was closed. */
export async function listGaps(
  { connector, state }: GapFilter,
  page: PageRequest,
  {
    store: { platforms },
    adapters,
  }: { readonly store: Pick<Store, 'platforms'>; readonly adapters: AdapterRegistry },
): Promise<GapPage> {
  const id = connector === undefined ? undefined : parseConnectorId(connector);
  const found = await platforms.listGaps(
    { ...(id === undefined ? {} : { connector: id }), ...(state === undefined ? {} : { state }) },
    page,
  );
  const readBack = found.items.filter((gap) => gap.state === 'read_back');
  const notReadBack = readBack.flatMap((gap) => {
    const kind = kindOf(gap.connector);
    const text = adapters.find(kind)?.notReadBack;
    return text === undefined ? [] : [[kind, text] as const];
  });
  return {
    ...found,
    unexplained: await platforms.countOpenGaps(id),
    notReadBack: Object.fromEntries(notReadBack),
  };
}
