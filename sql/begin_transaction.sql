-- Takes the write lock at once, so that no transaction fails half-way because another one has it.
BEGIN IMMEDIATE
