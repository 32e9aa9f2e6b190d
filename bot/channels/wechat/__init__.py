"""The WeChat Official Account: signed messages in, a reply within five seconds, and pages for what does not fit."""
