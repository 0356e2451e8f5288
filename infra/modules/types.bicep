// Types that several files share.

@export()
@description('Somebody who is given a role.')
type principal = {
  @description('Object id in this tenant.')
  id: string
  type: 'Group' | 'ServicePrincipal' | 'User'
}

@export()
@description('A reader of answers or events with a subscription of its own; with Service Bus only.')
type subscriber = {
  @description('Name of the subscription; not all.')
  name: string
  topic: 'app-registration-results' | 'registrar-events'
  @description('What it gets: an SQL filter over the application properties type, source, status and subject; empty for everything.')
  filter: string
  @description('Object id of who reads it.')
  id: string
  type: 'Group' | 'ServicePrincipal' | 'User'
}
