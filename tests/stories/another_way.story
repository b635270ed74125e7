# The text cannot reach her on WhatsApp: SMS is tried once, and then the rep calls.
given SMS as a second way
given the network only accepts
day 1 10:00 enrol Amara in gentle
    -> send wellbeing (whatsapp)
day 1 10:02 failed 131026
    -> send wellbeing (sms)
day 1 10:03 failed 30003
    -> prompt undelivered    -> ring maya
day 1 10:10 maya dials
day 1 10:11 no answer
    -> send call_me_back (sms)    -> wake day 1 14:11
