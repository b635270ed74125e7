# They answer, the rep calls within minutes, and the next date is fixed on the phone.
day 1 10:00 enrol Amara in gentle
    -> send wellbeing (whatsapp)
day 1 10:20 Amara writes "Hi Maya, how nice of you!"
    -> prompt replied
day 1 10:20 Amara writes "All well here. The shop opens on Friday"
day 1 10:21 wake
    -> ring maya
day 1 10:22 maya claims
day 1 10:23 maya dials
day 1 10:31 maya hangs up
day 1 10:32 talked again day 5 15:00 about "the opening of her shop"
    -> wake day 5 15:00
day 5 14:59 wake
day 5 15:00 wake
    -> prompt promised    -> ring maya
