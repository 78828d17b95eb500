"""Tables, queries and the database. Importing it makes the whole schema known."""

from libline_fed.storage import consortium_tables as consortium_tables
from libline_fed.storage import directory_tables as directory_tables
from libline_fed.storage import member_tables as member_tables
from libline_fed.storage import mentorship_tables as mentorship_tables
