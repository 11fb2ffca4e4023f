"""What users and admins can tell us to do: one table, worded for chat and for forms."""
