/** The chunk of reports and the log, fetched when one of them is first wanted. */
import { moderation } from './messages';

export { default as AuditView } from './AuditView.svelte';
export { default as ModerationPanel } from './ModerationPanel.svelte';
export { default as ReportDialog } from './ReportDialog.svelte';
export { default as ReportsView } from './ReportsView.svelte';
export const ready = () => moderation.ready();
