"""What is written in a case: texts, drafts, notices."""
