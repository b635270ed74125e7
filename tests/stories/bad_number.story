# A number that does not work, and there is no other way to reach her.
day 1 10:00 enrol Amara in gentle
    -> send wellbeing (whatsapp)
day 1 10:46 wake
    -> prompt silent    -> ring maya
day 1 10:50 maya dials
day 1 10:51 bad number
    -> end no_reachable_address
day 1 10:52 maya dials
    -> refused none_live
