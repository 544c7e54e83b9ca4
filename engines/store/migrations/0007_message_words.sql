-- The words of what was said in dialogs, to be found again: each database's own full-text index over the same words.
-- See message_words.rs for what a word is.

{message_words}
