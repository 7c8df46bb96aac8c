"""Where reports are pulled from: folders, mailboxes, IMAP and object stores, behind one type."""
