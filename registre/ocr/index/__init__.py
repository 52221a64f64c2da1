"""An index des immeubles: words of a page into its rows and header."""
