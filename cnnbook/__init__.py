"""What this book knows: its papers' facts, its records, its ledger, its experiments, figures and widgets."""
