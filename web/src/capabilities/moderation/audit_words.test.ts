import { describe, expect, it } from 'vitest';
import { auditWords } from './audit_words';
import en from './messages/en';
import zh from './messages/zh';

const words = (action: string, subject: string, who: string | null = null, say = en) => auditWords({ action, subject, who }, say);

describe('a line of the log', () => {
  it('names whom it was done to', () => {
    expect(words('ban', 'user_9', 'Jonas')).toBe('banned Jonas');
    expect(words('ban', 'user_9', 'Jonas', zh)).toBe('禁止 Jonas 进入');
  });
  it('shows nobody an id for a name', () => expect(words('mute', 'user_9')).toBe('muted somebody'));
  it('says what was set', () => {
    expect(words('slow_mode', '30')).toBe('set slow mode to 30 s');
    expect(words('slow_mode', '0')).toBe('turned slow mode off');
  });
  it('says something also of what it does not know', () => expect(words('polish_silver', 'spoon_2')).toBe('polish silver: spoon_2'));
});
