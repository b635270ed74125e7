# Her phone says that she is away. That is no reply, and nobody calls before she is back.
day 1 10:00 enrol Amara in gentle
day 1 10:00 Amara writes "I am out of office until 5 November."
day 4 18:00 wake
day 5 10:00 wake
day 5 10:10 no answer
