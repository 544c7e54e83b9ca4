/** Files that are kept in the browser (IndexedDB) until they are sent, with what is known of them. */

const NAME = 'hearth.sending';
const RECORDS = 'records';
const FILES = 'files';

export interface KeptFiles<Record extends { readonly key: string }> {
  all(): Promise<readonly Record[]>;
  /** Null where there is none. */
  file(key: string): Promise<Blob | null>;
  put(record: Record): Promise<void>;
  /** False where the browser has no place for it. */
  putFile(key: string, file: Blob): Promise<boolean>;
  dropFile(key: string): Promise<void>;
  remove(key: string): Promise<void>;
}

function asked<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((settle, fail) => {
    request.onsuccess = () => settle(request.result);
    request.onerror = () => fail(request.error ?? new Error('the browser keeps nothing'));
  });
}

function done(transaction: IDBTransaction): Promise<void> {
  return new Promise((settle, fail) => {
    transaction.oncomplete = () => settle();
    transaction.onabort = transaction.onerror = () => fail(transaction.error ?? new Error('the browser has not kept it'));
  });
}

export function keptFiles<Record extends { readonly key: string }>(): KeptFiles<Record> {
  let opened: Promise<IDBDatabase> | undefined;
  const open = () => {
    if (opened) return opened;
    const opening = indexedDB.open(NAME, 1);
    opening.onupgradeneeded = () => {
      opening.result.createObjectStore(RECORDS, { keyPath: 'key' });
      opening.result.createObjectStore(FILES);
    };
    return (opened = asked(opening));
  };
  const change = async (stores: string[], how: (transaction: IDBTransaction) => void) => {
    const transaction = (await open()).transaction(stores, 'readwrite');
    how(transaction);
    await done(transaction);
  };
  // Where a browser keeps nothing (some do so in private windows), what is sent is sent all the same.
  const nothing = () => undefined;
  return {
    all: () => open().then((base) => asked(base.transaction(RECORDS).objectStore(RECORDS).getAll() as IDBRequest<Record[]>)).catch(() => []),
    file: (key) => open().then((base) => asked(base.transaction(FILES).objectStore(FILES).get(key) as IDBRequest<Blob | undefined>)).then((file) => file ?? null, () => null),
    put: (record) => change([RECORDS], (transaction) => transaction.objectStore(RECORDS).put(record)).catch(nothing),
    putFile: (key, file) => change([FILES], (transaction) => transaction.objectStore(FILES).put(file, key)).then(() => true, () => false),
    dropFile: (key) => change([FILES], (transaction) => transaction.objectStore(FILES).delete(key)).catch(nothing),
    remove: (key) => change([RECORDS, FILES], (transaction) => { for (const store of [RECORDS, FILES]) transaction.objectStore(store).delete(key); }).catch(nothing),
  };
}
