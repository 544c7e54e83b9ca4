/** What a host types about the room, and what becomes of it. */
import { TAG_MAX_CHARS, TAGS_MAX, type Category, type Entry, type RoomDetails } from '../model';

export interface DetailsDraft {
  title: string;
  category: Category;
  language: string;
  /** As typed, with commas between. */
  tags: string;
  rules: string;
  entry: Entry;
}

/** Languages offered; the server takes any BCP 47 tag. */
export const LANGUAGES = ['en', 'zh', 'es', 'fr', 'de', 'pt', 'ar', 'hi', 'ja', 'ko', 'ru', 'tr', 'it', 'pl', 'uk', 'vi', 'id', 'nl'] as const;

export function draftOf(details: RoomDetails | null, ownLanguage: string): DetailsDraft {
  return {
    title: details?.title ?? '',
    category: details?.category ?? 'talk',
    language: details?.language || ownLanguage,
    tags: details?.tags.join(', ') ?? '',
    rules: details?.rules ?? '',
    entry: details?.entry ?? 'open',
  };
}

/** Splits at commas of either width and at `#`, without empties and repetitions. */
export function tagsOf(typed: string): string[] {
  const tags = typed.split(/[,，、#\n]/).map((tag) => [...tag.trim().replace(/\s+/g, ' ')].slice(0, TAG_MAX_CHARS).join(''));
  return [...new Set(tags.filter((tag) => tag !== ''))].slice(0, TAGS_MAX);
}

export function detailsOf(draft: DetailsDraft): RoomDetails {
  return { title: draft.title.trim(), category: draft.category, language: draft.language, tags: tagsOf(draft.tags), rules: draft.rules.trim(), entry: draft.entry };
}
