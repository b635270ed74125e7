# She agreed to SMS only: everything goes there, though WhatsApp comes first for others.
given SMS as a second way
given Amara agreed to SMS only
day 1 10:00 enrol Amara in gentle
    -> send wellbeing (sms)
day 1 10:45 wake
    -> prompt silent    -> ring maya
