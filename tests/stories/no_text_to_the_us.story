# WhatsApp delivers no such text to US numbers: the rep calls without one, at a time that suits the rep, because their hours and hers never meet.
given Amara lives in the US
day 1 10:00 enrol Amara in gentle
    -> prompt no_warmup
day 1 10:01 no answer
    -> wake day 1 21:30
