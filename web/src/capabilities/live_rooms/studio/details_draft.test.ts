import { describe, expect, it } from 'vitest';
import { detailsOf, draftOf, tagsOf } from './details_draft';
import { TAG_MAX_CHARS, TAGS_MAX } from '../model';

describe('what a host types about the room', () => {
  it('makes tags of what is between commas of any script', () => {
    expect(tagsOf(' pottery, ash  glaze，陶艺、#wood ,, pottery')).toEqual(['pottery', 'ash glaze', '陶艺', 'wood']);
    expect(tagsOf('')).toEqual([]);
  });
  it('keeps no more and no longer tags than there may be', () => {
    expect(tagsOf(Array.from({ length: TAGS_MAX + 1 }, (_, at) => `t${at}`).join(','))).toHaveLength(TAGS_MAX);
    expect(tagsOf('𝒳'.repeat(TAG_MAX_CHARS + 1))).toEqual(['𝒳'.repeat(TAG_MAX_CHARS)]);
  });
  it('goes round', () => {
    const details = { title: 'T', category: 'music', language: 'zh', tags: ['a', 'b'], rules: 'R', entry: 'link' } as const;
    expect(detailsOf(draftOf(details, 'en'))).toEqual(details);
  });
  it('begins in the host’s own language', () => expect(draftOf(null, 'zh').language).toBe('zh'));
});
