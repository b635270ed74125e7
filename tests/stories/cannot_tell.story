# The provider took the request and gave no answer. It is not sent again, and the rep calls half an hour later.
given the network is slow
day 1 10:00 enrol Amara in gentle
    -> send wellbeing (whatsapp)
day 1 10:00 the text leaves
day 1 10:01 no answer comes from the provider
day 1 10:30 wake
day 1 10:31 wake
    -> prompt silent    -> ring maya
day 1 10:40 delivered
day 1 10:41 read
