-- So that lanes in which we have not spoken for long can be forgotten without reading the others.
create index participation_at on participation (at);
