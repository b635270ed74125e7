# She agreed to WhatsApp and to nothing else: when the text cannot reach her there, none goes by SMS, and the rep calls.
given SMS as a second way
given Amara agreed to WhatsApp only
given the network only accepts
day 1 10:00 enrol Amara in gentle
    -> send wellbeing (whatsapp)
day 1 10:02 failed 131026
    -> prompt undelivered    -> ring maya
day 1 10:10 maya dials
day 1 10:11 no answer
    -> wake day 1 14:11
