"""An operator of MSSanté and Mon espace santé, on SMTP, IMAP and HTTPS.

``state`` keeps mailboxes, folders and messages; ``mes`` is what Mon espace santé does
with a mail; ``accounts`` decides who may open a mailbox; ``smtp`` and ``imap`` are the
wires. The IMAP server is ours: pymap 0.36 was judged and left, because it has neither
SPECIAL-USE nor the refusal challenge of XOAUTH2, because nothing stands around a
command where its effects and its exchange could be one transaction, and because a
durable backend for it is as long as the commands we need.
"""
