"""Artist credits that come as one text: split where that is certain, else listed for review."""
