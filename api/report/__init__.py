"""A lead and its evidence on paper: one or two pages in Chinese, as PDF."""
