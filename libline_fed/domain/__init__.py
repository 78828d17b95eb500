"""Pure rules of mentoring: values in, decisions out. Knows no SQL, no HTTP, no JSON, no clock."""
