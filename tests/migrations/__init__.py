"""Tests of the migrations, on both engines alike."""
